"""Hub and spoke know a workload by its digest: it is of what the files say, not of how they are written."""

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model.workloads import documents, lock
from model.workloads.reading import read
from tests.model.workloads.manifests import IMAGE, Manifest, container, deployment, files, image, workload
from tests.model.workloads.test_pins import example

OBJECTS: list[Manifest] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "web"},
        "data": {"k": "1", "l": "", "m": "a\nb\n"},
    },
    deployment(containers=[container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])]),
]
DIGEST = workload(*OBJECTS).digest()


def shuffled(value: Any, draw: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw(st.permutations(list(value)))}
    return [shuffled(each, draw) for each in value] if isinstance(value, list) else value


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for index, each in enumerate(value) for leaf in leaves(each, (*path, index))]
    return [path]


@given(st.data())
def test_order_and_format_do_not_matter(data: st.DataObject) -> None:
    objects = [shuffled(each, data.draw) for each in data.draw(st.permutations(OBJECTS))]
    cut = data.draw(st.integers(0, len(objects)))
    flow = data.draw(st.booleans())
    texts = {
        "a.yaml": "# a comment\n" + yaml.safe_dump_all(objects[:cut], default_flow_style=flow),
        "b.yml": documents.render(*objects[cut:]),
        "README.md": "words",
        lock.FILE: files()[lock.FILE],
    }
    assert read("web", texts).digest() == DIGEST


DATA = [path for path in leaves(OBJECTS) if path[1] == "data" or path[-1] == "value"]


@given(st.sampled_from(DATA), st.text("ab1\n", max_size=3))
def test_any_other_value_gives_another_digest(path: tuple[Any, ...], value: str) -> None:
    changed = copy.deepcopy(OBJECTS)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    same = at[path[-1]] == value
    at[path[-1]] = value
    assert (workload(*changed).digest() == DIGEST) == same


def test_the_order_of_a_list_matters() -> None:
    changed = copy.deepcopy(OBJECTS)
    changed[2]["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
    assert workload(*changed).digest() != DIGEST


def test_a_number_is_not_the_text_of_it() -> None:
    def ports(port: object) -> str:
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "web"}}
        return workload(*OBJECTS, service | {"spec": {"ports": [{"port": port}]}}).digest()

    assert len({ports(80), ports("80"), ports(80.5), ports(True)}) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "sha256:" + "00" * 32},
        {"entrypoint": ["/other"]},
        {"command": []},
        {"environment": ["A=image", "PATH=/usr/bin"]},
        {"user": "0"},
        {"workingDir": "/"},
        {"stopSignal": "SIGTERM"},
    ],
)
def test_what_the_lock_says_of_an_image_is_part_of_it(change: Manifest) -> None:
    assert workload(*OBJECTS, locked=image(**change)).digest() != DIGEST


def test_when_and_where_an_image_was_read_is_not_part_of_it() -> None:
    again = image(readAt="2027-01-01T00:00:00Z", readFrom="mirror.example.com/web")
    assert workload(*OBJECTS, locked=again).digest() == DIGEST


def test_the_name_is_part_of_it() -> None:
    texts = files(*OBJECTS)
    assert read("web", texts).digest() != read("other", texts).digest()


def test_an_entry_that_nobody_read_is_known() -> None:
    assert workload(*OBJECTS).unread == ()
    assert workload(*OBJECTS, locked=image(readFrom=lock.UNREAD)).unread == (IMAGE,)


def test_the_digest_of_an_example_stays_the_same_from_version_to_version() -> None:
    assert read("report", example("job")).digest() == (
        "0ffc5272758535410584beeccd528382661984be9586376b83a9788037dbcea0"
    )
