"""The values are those that `pulumi config --json` (3.260) prints for the same text."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import stack_yaml
from config.stack_yaml import StackYamlError

CANARY = "canary-of-a-secret"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("1:30", "1:30"),
        ("1:30.5", "1:30.5"),
        ("010", 8),
        ("1_000", 1000),
        ("~", None),
        ("2020-01-01", "2020-01-01 00:00:00 +0000 UTC"),
        ("2020-01-01T10:00:00+02:00", "2020-01-01 08:00:00 +0000 UTC"),
        ("!!binary aGVsbG8=", "hello"),
        ("!!set {a, b}", {"a": None, "b": None}),
    ],
)
def test_a_value_is_what_the_pulumi_command_makes_of_it(written: str, value: object) -> None:
    assert stack_yaml.parse(f"config: {{coco:x: [{written}]}}") == {"config": {"coco:x": [value]}}


def test_anchors_and_merge_keys_are_taken() -> None:
    text = "config: {coco:a: &a {q: 1}, coco:b: {<<: *a, r: 2}}"
    assert stack_yaml.parse(text)["config"]["coco:b"] == {"q": 1, "r": 2}


LAUGHS = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"config:\n  coco:role: hub\n  coco:role: {CANARY}\n", "a key comes twice in one mapping: remove one of them (line 3, column 3)"),
        (f"config: {{coco:a: {{x: 1, x: {CANARY}}}}}", "a key comes twice"),
        ("config: {coco:a: &x [*x]}", "an anchor contains itself: write the values out"),
        ("config: &x {coco:a: *x}", "an anchor contains itself"),
        (LAUGHS, "more than 100000 values"),
        ("config: " + "[" * 2000, "nested too deeply: write it flatter"),
        (f"config:\n  coco:a: \"{CANARY}\0\"", "characters are not allowed (character"),
        (f"config:\n  coco:a: [{CANARY}\n", "expected ',' or ']'"),
        (f"config:\n  coco:a: !!python/object/apply:os.system ['{CANARY}']", "could not determine a constructor"),
        ("config: {coco:a: !!binary /w==}", "!!binary must be UTF-8"),
        ("config: {}\n---\nconfig: {}\n", "expected a single document"),
        ("[]", "it must be a mapping"),
        ("x", "it must be a mapping"),
        ("config: [1]", "config must be a mapping"),
        ("config: {1: 2}", "the keys under config must be text"),
        ("config: {~: 2}", "the keys under config must be text"),
    ], ids=lambda value: value[:30].strip())  # fmt: skip
def test_what_cannot_be_a_stack_file_is_refused_without_a_value_of_it(text: str, sentence: str) -> None:
    with pytest.raises(StackYamlError) as raised:
        stack_yaml.parse(text)
    assert sentence in str(raised.value)
    assert CANARY not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "config:", "# nothing"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert not stack_yaml.parse(text).get("config")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b"a: \xff"), "is not UTF-8 (byte 4): save it as UTF-8"),
        (lambda path: path.write_bytes("config: {}".encode("utf-16")), "is not UTF-8 (byte 1)"),
        (lambda path: path.mkdir(), "it is a folder or a device, not a file"),
        (os.mkfifo, "it is a folder or a device, not a file"),
        (
            lambda path: path.symlink_to(path.with_name("missing")),
            "cannot be read: No such file or directory",
        ),
    ],
)
def test_a_path_that_is_no_text_file_is_refused_by_name(tmp_path: Path, make: Any, sentence: str) -> None:
    path = tmp_path / "Pulumi.dev-hub.yaml"
    make(path)
    with pytest.raises(StackYamlError) as raised:
        stack_yaml.read(path)
    assert str(path) in str(raised.value)
    assert sentence in str(raised.value)


def sentence(text: str) -> str:
    """Why it is refused; empty where it is read."""
    try:
        assert isinstance(stack_yaml.parse(text), dict)
    except StackYamlError as error:
        return str(error)
    return ""


@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass")), st.text(alphabet="[]{}:&*!|>-? \n\t'\"%@`~#,ab01.").map(str.encode)))  # fmt: skip
def test_whatever_bytes_a_file_holds_they_are_read_or_refused_in_one_sentence(content: bytes) -> None:
    assert "\n" not in sentence(content.decode("utf-8", "replace"))
