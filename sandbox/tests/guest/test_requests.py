from dataclasses import replace

import pytest

from sandbox.guest import requests
from sandbox.tests.guest import pods, recorded
from sandbox.tests.guest.recorded import needs_evidence

RAW = replace(pods.NODE, agent="3.25")


def life(pod, node):
    return [*requests.start(pod, pods.images, node), *requests.stop(pod, pods.images, node)]


@needs_evidence
@pytest.mark.parametrize(
    ("run", "node"),
    [
        ("kbs-access", RAW),
        ("kbs-access-3.31.0", RAW),
        ("kbs-access-3.25.0", RAW),
        ("by-id", replace(RAW, by_id=True)),
        ("tagged-too", replace(RAW, tags={pods.REPOSITORY: "latest"})),
    ],
)
def test_the_requests_are_those_of_a_real_node(run, node):
    assert_alike(life(pods.kbs_access(), node), recorded.run(run))


@needs_evidence
def test_volumes_and_service_links_are_as_a_real_node_has_them():
    pod, node = pods.with_volumes()
    assert_alike(life(pod, replace(node, agent="3.25")), recorded.run("volumes"))


def assert_alike(made, real):
    # Recorded as the shim sends them: raw files, and `shared`, which an agent before 3.28 does not know.
    for request in real:
        for storage in request.input.get("storages", []):
            storage.pop("shared")
    made, real = recorded.alike(made), recorded.alike(real)
    assert [one[0] for one in made] == [one[0] for one in real]
    for ours, theirs in zip(made, real, strict=True):
        assert ours == theirs
