"""libyaml's scanner with PyYAML's composer: the same values, and never a crash of the process."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model.yaml_loader import SafeLoader
from tests.config.committed import ROOT

FILES = [
    path for folder in ("stacks", "workloads", "reference-values") for path in (ROOT / folder).rglob("*.yaml")
]
SCALARS = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def loaded(text: str, loader: Any) -> object:
    """The documents, or the class of the refusal."""
    try:
        return list(yaml.load_all(text, loader))
    except yaml.YAMLError as error:
        return type(error)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_committed_file_says_the_same_to_both_readers(path: Any) -> None:
    text = path.read_text("utf-8")
    assert loaded(text, SafeLoader) == loaded(text, yaml.SafeLoader) != []


@given(VALUES)
def test_what_was_written_is_read_back(value: object) -> None:
    assert loaded(yaml.safe_dump(value), SafeLoader) == [value]


@pytest.mark.parametrize(
    "text",
    ["a: [1", "a:\n\t- b", "{a: b, a: c", "a\0b", "a\ud800", "*x", "!!python/name:os 1", "%YAML 3.0\n---\na"],
)
def test_a_text_that_is_refused_is_refused_with_the_same_kind_of_error(text: str) -> None:
    assert loaded(text, SafeLoader) is loaded(text, yaml.SafeLoader)
    assert isinstance(loaded(text, SafeLoader), type)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "? " * 100_000])
def test_deep_nesting_is_an_error_of_python_and_not_the_end_of_the_process(text: str) -> None:
    with pytest.raises(RecursionError):
        list(yaml.load_all(text, SafeLoader))
