"""A container that is started again: under another id, with the kubelet's count, and allowed by the policy of its pod."""

from __future__ import annotations

from typing import Any

from sandbox.guest import identity, requests
from sandbox.tests.guest import pods

POD = pods.kbs_access()
NAME = POD["spec"]["containers"][0]["name"]
START = requests.start(POD, pods.images, pods.NODE)


def restarted(times: int) -> list[requests.AgentRequest]:
    status: dict[str, Any] = {"containerStatuses": [{"name": NAME, "restartCount": times}]}
    return requests.again({**POD, "status": status}, pods.images, pods.NODE, NAME)


def created(made: list[requests.AgentRequest]) -> dict[str, Any]:
    return [one.input for one in made if one.endpoint == "CreateContainerRequest"][-1]


def test_a_start_without_restarts_is_the_one_that_was_recorded() -> None:
    assert created(restarted(0)) == created(START)


def test_every_start_has_an_id_of_its_own() -> None:
    ids = [created(restarted(times))["container_id"] for times in range(4)]
    assert len(set(ids)) == 4
    assert ids[0] == identity.container_id(POD, NAME)


def test_no_part_of_a_restart_names_the_container_that_ended() -> None:
    ended = identity.container_id(POD, NAME)
    assert all(ended not in repr(one) for one in restarted(1))


def test_a_restart_says_how_many_there_were() -> None:
    told = created(restarted(3))["OCI"]["Annotations"]
    assert told["io.kubernetes.container.restartCount"] == "3"
    assert told["io.kubernetes.cri-o.Metadata"] == f'{{"name":"{NAME}","attempt":3}}'
    assert told["io.kubernetes.cri-o.LogPath"].endswith(f"/{NAME}/3.log")
    assert told["io.kubernetes.cri-o.Name"].endswith("_3")


def test_a_restart_makes_no_second_sandbox_and_no_init_container() -> None:
    made = [one.endpoint for one in restarted(1)]
    assert "CreateSandboxRequest" not in made
    assert made.count("CreateContainerRequest") == 1
