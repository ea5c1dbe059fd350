"""A self-managed hub under the official engine: installed once, and taken away with what its state alone knows."""

import shutil
from collections.abc import Iterator

import pytest

from sandbox.official.install import to_build
from sandbox.tests.integration.servers import built
from sandbox.tests.integration.world import World

pytestmark = pytest.mark.integration

HUB = "selfmanaged-hub"


@pytest.fixture(scope="module")
def selfmanaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("selfmanaged")
    built(*to_build(folder))
    made = World(folder)
    try:
        done = made.sandbox("up", "--stack", HUB)
        assert done.code == 0, done.text
        yield made
    finally:
        made.environment.stand_ins.clusters.stop()


def test_a_second_preview_changes_nothing(selfmanaged: World) -> None:
    selfmanaged.unchanged(HUB)


def test_an_edit_of_what_is_installed_is_refused_in_the_preview(selfmanaged: World) -> None:
    selfmanaged.project.configure(HUB, {"cluster.workerCount": 4})
    done = selfmanaged.sandbox("preview", "--stack", HUB)
    selfmanaged.project.configure(HUB, {"cluster.workerCount": 3})
    assert done.code != 0
    assert "coco:cluster.workerCount: 3 became 4" in done.text


def test_down_needs_nothing_but_the_state(selfmanaged: World) -> None:
    shutil.rmtree(selfmanaged.environment.project.root / ".openshift-install")
    done = selfmanaged.sandbox("down", "--stack", HUB)
    assert done.code == 0, done.text
    assert selfmanaged.environment.stand_ins.azure.resources() == []
    assert selfmanaged.environment.stand_ins.clusters.names() == []
