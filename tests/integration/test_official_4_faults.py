"""Azure and an API server in trouble: `up` gets through, or says what to do and the next one converges."""

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from sandbox.apiserver import faults
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


@contextmanager
def for_a_while(trouble: AbstractContextManager[None], seconds: float) -> Iterator[None]:
    """The trouble begins now and ends by itself."""
    over = threading.Event()
    trouble.__enter__()

    def end() -> None:
        over.wait(seconds)
        trouble.__exit__(None, None, None)

    thread = threading.Thread(target=end)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("trouble", [faults.throttled, faults.failing])
def test_an_api_server_in_trouble_stops_up_but_loses_nothing(world: World, trouble: object) -> None:
    """With 429 the client of pulumi-kubernetes waits; with 500 it gives up and the error is the server's."""
    server = world.environment.stand_ins.clusters.server(f"coco-{HUB}")
    minutes = 4 if trouble is faults.throttled else 3
    world.project.configure(HUB, {"trustee.tokenMinutes": minutes})
    with for_a_while(trouble(server), 6):  # pyright: ignore[reportCallIssue, reportGeneralTypeIssues]
        world.pulumi("up", HUB, "--yes", "--skip-preview")
    world.up(HUB)
    world.unchanged(HUB)
