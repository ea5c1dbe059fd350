"""The random provider's stand-in makes what is asked for, once, and says what it cannot make."""

from __future__ import annotations

import base64
import string

import pytest

from sandbox.provider import UNKNOWN
from sandbox.random_ import KINDS, RandomStandIn

PASSWORD = "random:index/randomPassword:RandomPassword"
BYTES = "random:index/randomBytes:RandomBytes"
ID = "random:index/randomId:RandomId"
random = RandomStandIn()


def test_a_password_keeps_to_what_was_asked():
    _, outputs = random.create(
        PASSWORD, "p", {"length": 40, "special": False, "minNumeric": 20, "upper": False}, None
    )
    result = outputs["result"]
    assert len(result) == 40
    assert set(result) <= set(string.ascii_lowercase + string.digits)
    assert sum(letter in string.digits for letter in result) >= 20
    assert random.secret_outputs(PASSWORD) == {"result", "bcryptHash"}
    _, only = random.create(
        PASSWORD,
        "p",
        {"length": 8, "overrideSpecial": "-", "lower": False, "upper": False, "numeric": False},
        None,
    )
    assert only["result"] == "-" * 8


def test_encodings_of_the_same_bytes_agree():
    _, outputs = random.create(BYTES, "b", {"length": 32}, None)
    assert base64.b64decode(outputs["base64"]).hex() == outputs["hex"]
    assert random.secret_outputs(BYTES) == {"base64", "hex"}
    id_, outputs = random.create(ID, "i", {"byteLength": 4, "prefix": "x-"}, None)
    assert outputs["b64Url"] == f"x-{id_}"
    assert int(outputs["hex"].removeprefix("x-"), 16) == int(outputs["dec"].removeprefix("x-"))


def test_keepers_replace_and_equal_inputs_do_not():
    old = {"length": 8, "keepers": {"a": "1"}}
    assert random.diff(PASSWORD, "none", old, {}, {"length": 8, "keepers": {"a": "2"}}).replace == (
        "keepers",
    )
    assert random.diff(PASSWORD, "none", old, {}, dict(old)).changed == ()


@pytest.mark.parametrize("type_", KINDS)
def test_a_preview_promises_what_a_create_makes(type_):
    inputs = {name: 16 for name in (KINDS[type_].required,) if name}
    promised = random.preview_create(type_, "x", inputs)
    _, outputs = random.create(type_, "x", inputs, None)
    assert {name for name, value in promised.items() if value == UNKNOWN} == set(KINDS[type_].computed)
    assert promised.keys() <= outputs.keys()
    assert random.check(type_, "x", inputs) == []


@pytest.mark.parametrize(
    ("type_", "inputs", "words"),
    [
        ("random:index/randomPet:RandomPet", {}, "knows no resource type"),
        (PASSWORD, {}, "missing required property 'length'"),
        (PASSWORD, {"length": "8"}, "must be of kind int"),
        (PASSWORD, {"length": 0}, "at least 1"),
        (PASSWORD, {"length": 4, "minLower": 5}, "sum of the minimums"),
        (
            PASSWORD,
            dict.fromkeys(("lower", "upper", "numeric", "special"), False) | {"length": 4},
            "at least one of",
        ),
        (BYTES, {"length": 4, "special": True}, "knows no property 'special'"),
        (ID, {"byteLength": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_made_is_said(type_, inputs, words):
    assert words in random.check(type_, "x", inputs)[0].reason
