"""Azure and an API server in trouble: `up` gets through, or says what to do and the next one converges."""

import json

import pytest

from sandbox.apiserver import faults
from sandbox.apiserver.server import Server
from sandbox.azure.cloud import replace_file
from tests.integration.world import HUB, SPOKE, World

pytestmark = pytest.mark.integration
GROUP, ASSIGNMENT = "azure-native:resources:ResourceGroup", "azure-native:authorization:RoleAssignment"


def order(world: World, **fault: object) -> None:
    replace_file(world.azure.cloud.path.with_name("faults.json"), json.dumps([fault]))


def tagged(world: World, mark: str) -> None:
    world.project.configure(SPOKE, {"azure.tags": {"environment": "dev", "zone": "untrusted", "mark": mark}})


@pytest.mark.parametrize("code", ["AnotherOperationInProgress", "TooManyRequests"])
def test_what_azure_says_for_a_moment_only_is_waited_out(world: World, code: str) -> None:
    order(world, op="update", type=GROUP, code=code, times=2)
    tagged(world, code.lower())
    world.up(SPOKE)
    world.unchanged(SPOKE)


def test_what_azure_goes_on_saying_is_told_with_what_to_do(world: World) -> None:
    order(world, op="update", type=GROUP, code="TooManyRequests", times=5)
    tagged(world, "again")
    done = world.pulumi("up", SPOKE, "--yes", "--skip-preview")
    assert done.code != 0
    assert "run `up` again" in done.text
    world.up(SPOKE)
    world.unchanged(SPOKE)


def test_a_principal_that_is_not_known_yet_is_named_and_the_next_up_converges(world: World) -> None:
    gone = next(each for each in world.environment.stacks.resources(SPOKE) if each["type"] == ASSIGNMENT)
    with world.azure.cloud.change() as contents:
        contents.remove(gone["id"])
    order(world, op="create", type=ASSIGNMENT, code="PrincipalNotFound")
    done = world.pulumi("up", SPOKE, "--yes", "--skip-preview", "--refresh")
    assert done.code != 0
    assert "PrincipalNotFound" in done.text
    assert "replication delay" in done.text
    world.up(SPOKE)
    assert gone["id"] in world.azure.resources()
    world.unchanged(SPOKE)


@pytest.mark.parametrize(("code", "minutes"), [(429, 4), (500, 3)])
def test_an_api_server_in_trouble_stops_up_and_the_next_one_converges(
    world: World, code: int, minutes: int
) -> None:
    server = world.environment.stand_ins.clusters.server(f"coco-{HUB}")
    assert isinstance(server, Server)
    world.project.configure(HUB, {"trustee.tokenMinutes": minutes})
    with faults.answering(server, code, retry_after=1) as refused:
        done = world.pulumi("up", HUB, "--yes", "--skip-preview")
    assert refused
    assert done.code != 0
    world.up(HUB)
    world.unchanged(HUB)
