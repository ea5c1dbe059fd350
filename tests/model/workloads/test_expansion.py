"""``$(NAME)`` is replaced as the kubelet does it: the test has the kubelet's own loop, written out again."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.workloads.expansion import Value, escape, expand

VARIABLES = {"A": "1", "B": "$(A)", "": "empty", "C$": "$$"}


def kubelet(text: str, mapping: Callable[[str], str]) -> str:
    """Expand of third_party/forked/golang/expansion, line by line."""
    out, checkpoint, cursor = "", 0, 0
    while cursor < len(text):
        if text[cursor] == "$" and cursor + 1 < len(text):
            out += text[checkpoint:cursor]
            read, is_variable, advance = _try_read(text[cursor + 1 :])
            out += mapping(read) if is_variable else read
            cursor += advance
            checkpoint = cursor + 1
        cursor += 1
    return out + text[checkpoint:]


def _try_read(text: str) -> tuple[str, bool, int]:
    if text[0] == "$":
        return "$", False, 1
    if text[0] == "(":
        for index in range(1, len(text)):
            if text[index] == ")":
                return text[1:index], True, index + 1
        return "$(", False, 1
    return "$" + text[0], False, 1


@given(
    st.lists(st.sampled_from(["$", "(", ")", "A", "B", "$(A)", "$(Z)", "x", "$$", "C$", "\n"])).map("".join)
)
def test_the_result_is_the_kubelets(text: str) -> None:
    expected = kubelet(text, lambda name: VARIABLES.get(name, f"$({name})"))
    found = expand(text, lambda name: Value(VARIABLES[name]) if name in VARIABLES else None)
    assert found == Value(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$(A)-$(B)", "1-$(A)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(NONE)", "$(NONE)"),
        ("$A $(", "$A $("),
        ("$", "$"),
    ],
)
def test_examples_of_the_kubernetes_documentation(text: str, value: str) -> None:
    assert expand(text, lambda name: Value(VARIABLES[name]) if name in VARIABLES else None).text == value


def test_a_pattern_inside_makes_the_whole_a_pattern_of_exactly_that_text() -> None:
    found = expand("http://$(IP):8080/?a=b", lambda _: Value("[0-9.]+", is_pattern=True))
    assert found == Value(r"http://[0-9.]+:8080/\?a=b", is_pattern=True)
    assert re.fullmatch(found.text, "http://10.0.0.1:8080/?a=b")
    assert not re.fullmatch(found.text, "http://10.0.0.1:8080/xa=b")


@given(st.text())
def test_an_escaped_text_matches_itself_only(text: str) -> None:
    assert re.fullmatch(escape(text), text)
    assert not re.fullmatch(escape(text), text + "x")
