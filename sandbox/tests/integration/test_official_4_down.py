"""Nothing secret was shown or written, and at the end nothing is left."""

import pytest

from sandbox.tests.integration.canaries import leaks
from sandbox.tests.integration.world import HUB, World

pytestmark = pytest.mark.integration


def test_no_secret_is_in_any_state_preview_log_or_event(world: World) -> None:
    world.project.configure(HUB, {"profiles.debug.readLogs": False})
    world.pulumi("preview", HUB, "--diff", "--show-sames", "--show-reads")
    world.up(HUB, "--json")  # a stream of events
    assert leaks(world) == set()


def test_what_is_protected_is_not_destroyed(world: World) -> None:
    world.project.configure(HUB, {"cluster.protect": True})
    world.up(HUB)
    cluster = next(
        each
        for each in world.environment.stacks.resources(HUB)
        if each["type"].endswith("OpenShiftCluster") and each.get("id")
    )
    before = world.azure.resources()
    done = world.pulumi("destroy", HUB, "--yes", "--skip-preview", "--target", cluster["urn"])
    assert done.code != 0
    assert "will be destroyed but was not specified" in done.text
    done = world.sandbox("down", "--env", "dev")
    assert done.code == 1
    assert "protect: false" in done.text
    assert world.azure.resources() == before
    world.project.configure(HUB, {"cluster.protect": False})
    world.up(HUB)


def test_down_leaves_nothing(world: World) -> None:
    stacks = world.stacks()
    done = world.sandbox("down", "--env", "dev")
    assert done.code == 0, done.text
    order = [done.text.index(f"down {stack} ") for stack in stacks]
    assert order == sorted(order)
    assert world.azure.resources() == []
    assert not any(world.environment.stacks.resources(stack) for stack in stacks)
    assert world.environment.stand_ins.clusters.names() == []
    assert world.environment.stand_ins.clusters.processes() == {}
