"""The embedded engine, killed in the middle of `up` and started again."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure import AzureStandIn
from sandbox.openshift.clusters import StoreClusters
from sandbox.openshift.objects import ref_of
from sandbox.tests.integration.project import OfficialProject

pytestmark = pytest.mark.integration

UP = [sys.executable, "-m", "sandbox", "up", "--env", "dev"]
# Resources in the state when the engine is killed: before the cluster, in Trustee, and the spoke likewise.
MOMENTS = [("dev-hub", 4), ("dev-hub", 45), ("dev-spoke", 20), ("dev-spoke", 44)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> OfficialProject:
    return OfficialProject(tmp_path_factory.mktemp("embedded"))


def resources(project: OfficialProject, stack: str) -> list[dict[str, Any]]:
    path = project.home / "stacks" / f"{stack}.json"
    return json.loads(path.read_text())["deployment"]["resources"] if path.exists() else []


def existing(home: Path) -> tuple[list[str], dict[str, list[str]]]:
    """Ids in Azure, and objects by cluster.

    Without the hash that pods and replica sets are named with: it is of the initdata, and each environment has a CA of its own.
    """
    clusters = StoreClusters(home)
    objects = {
        name: sorted(
            re.sub("-[0-9a-f]{10}(-[0-9a-f]{5})?$", "", "/".join([manifest["kind"], *ref_of(manifest)[1:]]))
            for manifest in clusters.open(name).objects
        )
        for name in clusters.names()
    }
    return AzureStandIn(home / "azure.json", clusters).resources(), objects


def test_up_converges_after_the_engine_was_killed_at_any_point(project: OfficialProject) -> None:
    for stack, count in MOMENTS:
        killed = project.kill(UP, lambda stack=stack, count=count: len(resources(project, stack)) >= count)
        assert killed, f"up ended before {stack} had {count} resources"
    done = project.sandbox("up", "--env", "dev")
    assert done.code == 0, done.text
    assert "failed" not in done.text


def test_nothing_is_created_twice_and_nothing_lost(project: OfficialProject, tmp_path: Path) -> None:
    undisturbed = OfficialProject(tmp_path)
    done = undisturbed.sandbox("up", "--env", "dev")
    assert done.code == 0, done.text
    for stack in ("dev-hub", "dev-spoke"):
        urns = [resource["urn"] for resource in resources(project, stack)]
        assert sorted(urns) == sorted(resource["urn"] for resource in resources(undisturbed, stack))
        assert len(set(urns)) == len(urns)
    assert existing(project.home) == existing(undisturbed.home)


def test_what_was_interrupted_stays_converged(project: OfficialProject) -> None:
    for stack in ("dev-hub", "dev-spoke"):
        done = project.sandbox("preview", "--stack", stack)
        assert f"{stack}: nothing changes" in done.text


def test_down_killed_half_way_is_finished_by_the_next(project: OfficialProject) -> None:
    down = [*UP[:3], "down", "--env", "dev"]
    assert project.kill(down, lambda: len(resources(project, "dev-spoke")) <= 25)
    done = project.sandbox("down", "--env", "dev")
    assert done.code == 0, done.text
    assert existing(project.home) == ([], {})
