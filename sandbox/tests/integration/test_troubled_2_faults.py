"""Azure and an API server in trouble: `up` gets through, or says what to do and the next one converges."""

import json

import pytest

from sandbox.apiserver import faults
from sandbox.apiserver.server import ServerProcesses
from sandbox.files import replace_file
from sandbox.tests.integration.canaries import leaks
from sandbox.tests.integration.world import HUB, SPOKE, World

pytestmark = pytest.mark.integration
GROUP, ASSIGNMENT = "azure-native:resources:ResourceGroup", "azure-native:authorization:RoleAssignment"


def order(world: World, *faults: dict[str, object]) -> None:
    replace_file(world.azure.cloud.path.with_name("faults.json"), json.dumps(faults))


def tagged(world: World, mark: str) -> None:
    world.project.configure(SPOKE, {"azure.tags": {"environment": "dev", "zone": "untrusted", "mark": mark}})


def test_what_azure_says_for_a_moment_only_is_waited_out(troubled: World) -> None:
    codes = ("AnotherOperationInProgress", "TooManyRequests")
    order(troubled, *({"op": "update", "type": GROUP, "code": code, "times": 2} for code in codes))
    tagged(troubled, "later")
    troubled.up(SPOKE)
    troubled.unchanged(SPOKE)


def test_what_azure_goes_on_saying_is_told_with_what_to_do(troubled: World) -> None:
    order(troubled, {"op": "update", "type": GROUP, "code": "TooManyRequests", "times": 5})
    tagged(troubled, "again")
    done = troubled.pulumi("up", SPOKE, "--yes", "--skip-preview")
    assert done.code != 0
    assert "run `up` again" in done.text
    troubled.up(SPOKE)
    troubled.unchanged(SPOKE)


def test_a_principal_that_is_not_known_yet_is_named_and_the_next_up_converges(troubled: World) -> None:
    gone = next(each for each in troubled.environment.stacks.resources(SPOKE) if each["type"] == ASSIGNMENT)
    with troubled.azure.cloud.change() as contents:
        contents.remove(gone["id"])
    order(troubled, {"op": "create", "type": ASSIGNMENT, "code": "PrincipalNotFound"})
    done = troubled.pulumi("up", SPOKE, "--yes", "--skip-preview", "--refresh")
    assert done.code != 0
    assert "PrincipalNotFound" in done.text
    assert "replication delay" in done.text
    troubled.up(SPOKE)
    assert gone["id"] in troubled.azure.resources()
    troubled.unchanged(SPOKE)


def test_an_api_server_in_trouble_stops_up_and_the_next_one_converges(troubled: World) -> None:
    server = troubled.environment.stand_ins.clusters.server(f"coco-{HUB}")
    assert isinstance(server, ServerProcesses)
    troubled.project.configure(HUB, {"trustee.tokenMinutes": 4})
    for code in (429, 500):
        with faults.answering(server, code, retry_after=1) as refused:
            done = troubled.pulumi("up", HUB, "--yes", "--skip-preview")
        assert refused
        assert done.code != 0
        assert "failed to read resource state due to unreachable cluster" in done.text
    troubled.up(HUB)
    troubled.unchanged(HUB)


def test_no_secret_is_left_where_commands_were_killed_or_failed(troubled: World) -> None:
    assert leaks(troubled) == set()
