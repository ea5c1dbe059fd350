"""Only YAML that all readers understand alike is taken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.workloads.documents import MAX_CHARACTERS, DocumentError, documents, render

VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(st.characters(max_codepoint=0xD7FF, exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc<y=", min_size=1).filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", "the key a comes twice (line 2)"),
        ("a:\n  - {b: 1, b: 1}", "the key b comes twice"),
        ("a: &x 1\nb: *x", "must not use anchors and aliases (line 1)"),
        ("a: 1\n---\nb: *x", "must not use anchors and aliases (line 3)"),
        ("a: !!str 1", "must not use YAML tags"),
        ("a: !!python/object:os.system {}", "must not use YAML tags"),
        ("a: ! 1", "must not use YAML tags"),
        ("a: !!binary aGk=", "must not use YAML tags"),
        ("<<: {a: 1}", "must not use merge keys"),
        ("1: a", "keys must be texts (line 1: 1)"),
        ("true: a", "keys must be texts"),
        ("? [a]\n: b", "keys must be texts"),
        ('a: "\\0"', "must not hold NUL"),
        ('"\\0": a', "must not hold NUL"),
        ("a: \0", "must be YAML"),
        ("a: [1", "must be YAML (line"),
        ("a: b: c", "must be YAML (line 1"),
        pytest.param("[" * 3000, "must not be nested this deeply", id="deep"),
        pytest.param(" " * (MAX_CHARACTERS + 1), "must have at most", id="long"),
    ],
)
def test_what_hides_or_breaks_a_value_is_refused(text: str, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        documents(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text", ["yes", "NO", "on", "Off", "y", "N", "0x10", "0o17", "0b1", "1_000", "1e3", "08", "-.inf", ".NaN"]
)
def test_a_scalar_that_readers_take_for_different_values_must_be_quoted(text: str) -> None:
    with pytest.raises(DocumentError, match="put it in quotes"):
        documents(f"a: {text}")
    assert documents(f"a: '{text}'") == [{"a": text}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0644", 420),
        ("-5", -5),
        ("0.5", 0.5),
        ("1.", 1.0),
        ("true", True),
        ("FALSE", False),
        ("12:30", "12:30"),
        ("2026-11-25", "2026-11-25"),
        ("100m", "100m"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("'1'", "1"),
    ],
)
def test_a_scalar_is_what_kubernetes_takes_it_for(text: str, value: object) -> None:
    found = documents(f"a: {text}")[0]["a"]
    assert found == value
    assert type(found) is type(value)


def test_a_key_without_a_value_is_left_out_as_the_api_server_does_it() -> None:
    assert documents("a:\nb: [~, 1]\nc: {d: null}\n---\n---\n# nothing") == [{"b": [None, 1], "c": {}}]


@given(st.lists(VALUES, max_size=3))
def test_json_values_survive(values: list[object]) -> None:
    text = "\n---\n".join(json.dumps({"a": value}) for value in values)
    assert documents(text) == [{"a": value} for value in values]
    assert documents(render(*({"a": value} for value in values))) == documents(text)
