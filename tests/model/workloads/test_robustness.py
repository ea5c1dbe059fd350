"""Whatever a manifest holds, the answer is a workload or a list of problems, never an exception of ours."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.workloads import documents, lock
from model.workloads.grants import Grants
from model.workloads.problems import WorkloadError
from model.workloads.reading import read, references
from tests.model.workloads.test_pins import EXAMPLES, example

ODD: list[Any] = [
    0,
    -1,
    1.5,
    True,
    "",
    "a",
    "$(X)",
    [],
    [0],
    ["a"],
    [[]],
    [{}],
    {},
    {"a": 1},
    {"name": []},
    {"name": {}},
]


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(node for key, each in inner for node in nodes(each, (*path, key)))]


def replaced(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(whole)
    at = changed
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


@pytest.mark.parametrize(("folder", "name"), list(EXAMPLES.items()))
@settings(max_examples=60)
@given(st.data())
def test_an_odd_value_anywhere_is_a_problem_or_harmless(folder: str, name: str, data: st.DataObject) -> None:
    files = example(folder)
    changed = data.draw(st.sampled_from(sorted(files)))
    contents = documents.documents(files[changed])
    path = data.draw(st.sampled_from(nodes(contents)[1:]))
    odd = replaced(contents, path, data.draw(st.sampled_from([None, *ODD])))
    texts = files | {changed: documents.render(*odd)}
    grants = Grants(untrusted_input=frozenset({"settings"})) if folder == "several-containers" else Grants()
    with suppress(WorkloadError):
        made = read(name, texts, grants)
        made.pins(grants)
        made.confidential("kata-remote", "x", str)
    if changed != lock.FILE:
        with suppress(WorkloadError):
            assert set(references(name, texts)) <= set(references(name, files))
