"""What becomes of a confidential pod, told by what its guest does; the guest is made up."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox.guest.real import pod
from sandbox.guest.real.kubelet import Failed
from sandbox.guest.real.machine import GuestFailed
from sandbox.guest.real.stand_in import LocalPod
from sandbox.guest.requests import AgentRequest, start
from sandbox.pods import kept
from sandbox.pods.deployed import DeployedPod
from sandbox.pods.kbs import HubKbs
from sandbox.pods.kept import KeptPod, Said
from sandbox.tests.guest import pods

POD = pods.kbs_access()
APP = POD["spec"]["containers"][0]["name"]
INIT = POD["spec"]["initContainers"][0]["name"]
START = start(POD, pods.images, pods.NODE)
CREATED = [one for one in START if one.endpoint == "CreateContainerRequest"]


class Guest:
    """`fails`: what its start raises, one a guest. `codes`: by container id, with what it ends once it runs."""

    def __init__(self, fails: list[Exception]) -> None:
        self.fails = fails
        self.codes: dict[str, int] = {}
        self.booted: list[LocalPod] = []
        self.restarted: list[tuple[str, int]] = []
        self.killed = False

    @contextmanager
    def boot(self, local: LocalPod, **_: Any) -> Generator[Any, None, None]:
        self.booted.append(local)
        self.killed = False
        process = SimpleNamespace(kill=self._kill)
        yield SimpleNamespace(
            kubelet=SimpleNamespace(start=self._start, exit_code=self.codes.get),
            requests=["the start"],
            machine=SimpleNamespace(alive=lambda: not self.killed, process=process),
            again=self._again,
        )

    def _kill(self) -> None:
        self.killed = True

    def _start(self, given: list[Any]) -> None:
        if given == ["the start"] and self.fails:
            raise self.fails.pop(0)

    def _again(self, name: str, restarts: int) -> list[Any]:
        self.restarted.append((name, restarts))
        return ["again"]


Keep = Callable[..., tuple[KeptPod, Guest, list[Said]]]


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> Generator[Keep, None, None]:
    monkeypatch.setattr(kept, "_PAUSES", (0.01,))
    monkeypatch.setattr(kept, "_LOOK", 0.01)
    made: list[KeptPod] = []

    def begin(*fails: Exception, **spec: Any) -> tuple[KeptPod, Guest, list[Said]]:
        guest, said = Guest(list(fails)), list[Said]()
        monkeypatch.setattr(pod, "booted", guest.boot)
        given = {**POD, "spec": {**POD["spec"], **spec}}
        one = DeployedPod(name="kbs-access/pod", pod=given, node=pods.NODE, encoded="", port=0)
        local = LocalPod(pod=given, initdata="", deployed="", images={}, replaced={})
        kbs = cast("HubKbs", SimpleNamespace(host="kbs", port=1))
        made.append(KeptPod(one, local, kbs, said.append))
        return made[-1], guest, said

    yield begin
    for one in made:
        one.end()
        one.join()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_pod_whose_guest_starts_runs(keep: Keep) -> None:
    one, _, _ = keep()
    until(lambda: one.said.phase == "Running")
    assert "no TEE" in one.said.message


def test_what_the_policy_refuses_is_said_as_the_kubelet_says_it_and_tried_again(
    keep: Keep,
) -> None:
    text = "CreateContainerRequest is blocked by policy"
    refused = Failed(text, request=CREATED[-1], refused=True)
    one, guest, said = keep(refused)
    until(lambda: one.said.phase == "Running")
    assert len(guest.booted) == 2
    told = next(each for each in said if each.reason == "CreateContainerError")
    assert told.message.startswith(f"container {APP}: CreateContainer failed: {text}")


def test_a_refused_sandbox_is_no_container_s_fault(keep: Keep) -> None:
    one, _, said = keep(Failed("blocked", request=AgentRequest("CreateSandboxRequest", {"sandbox_id": "x"})))
    until(lambda: one.said.phase == "Running")
    assert any(each.reason == "FailedCreatePodSandBox" for each in said)


def test_an_init_container_that_fails_is_named_with_its_code(
    keep: Keep,
) -> None:
    signal = next(one for one in START if one.endpoint == "SignalProcessRequest")
    one, _, said = keep(Failed("an init container exited with 22", request=signal, exited=22))
    until(lambda: one.said.phase == "Running")
    told = next(each for each in said if each.reason == "CrashLoopBackOff")
    assert told.message == f"init container {INIT}: an init container exited with 22"


def test_an_init_container_that_fails_ends_a_pod_that_is_never_restarted(keep: Keep) -> None:
    signal = next(one for one in START if one.endpoint == "SignalProcessRequest")
    one, guest, _ = keep(
        Failed("an init container exited with 22", request=signal, exited=22), restartPolicy="Never"
    )
    until(lambda: one.said.phase == "Failed")
    one.join()
    assert len(guest.booted) == 1


def test_what_the_policy_refuses_does_not_end_a_pod_that_is_never_restarted(keep: Keep) -> None:
    """No container of it has run yet."""
    one, guest, _ = keep(Failed("blocked", request=CREATED[-1], refused=True), restartPolicy="Never")
    until(lambda: one.said.phase == "Running")
    assert len(guest.booted) == 2


@pytest.mark.parametrize("error", [GuestFailed("no namespaces"), RuntimeError("a defect")])
def test_a_guest_that_cannot_be_made_leaves_the_pod_waiting_with_the_reason(
    keep: Keep, error: Exception
) -> None:
    one, _, said = keep(error)
    until(lambda: one.said.phase == "Running")
    told = next(each for each in said if each.reason == "FailedCreatePodSandBox")
    assert str(error) in told.message


def test_a_guest_that_dies_is_made_anew_and_its_containers_are_counted(
    keep: Keep,
) -> None:
    one, guest, _ = keep()
    until(lambda: one.said.phase == "Running")
    guest.killed = True
    until(lambda: len(guest.booted) == 2 and one.said.phase == "Running")
    assert one.said.restarts == {APP: 1}
    assert guest.booted[1].pod["status"] == {"containerStatuses": [{"name": APP, "restartCount": 1}]}


def test_a_container_that_ends_is_started_again_in_the_same_guest(
    keep: Keep,
) -> None:
    one, guest, said = keep()
    guest.codes[kept.identity.container_id(POD, APP)] = 1
    until(lambda: one.said.restarts == {APP: 1} and one.said.phase == "Running")
    assert guest.restarted == [(APP, 1)]
    assert len(guest.booted) == 1
    assert any("exited with 1 and is started again" in each.message for each in said)


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Never", 0, "Succeeded"), ("Never", 3, "Failed"), ("OnFailure", 0, "Succeeded")],
)
def test_a_pod_that_is_done_says_how_it_ended(keep: Keep, policy: str, code: int, phase: str) -> None:
    one, guest, _ = keep(restartPolicy=policy)
    guest.codes[kept.identity.container_id(POD, APP)] = code
    until(lambda: one.said.phase == phase)
    assert not guest.restarted
    assert f"exited with {code}" in one.said.message


def test_a_pod_that_goes_takes_its_guest_with_it(keep: Keep) -> None:
    one, guest, _ = keep()
    until(lambda: one.said.phase == "Running")
    one.end()
    one.join()
    assert guest.killed
    assert len(guest.booted) == 1


def test_restarts_of_a_pod_are_those_that_its_requests_are_made_of(
    keep: Keep,
) -> None:
    """A second restart looks for the end of the first one's container, not of the original."""
    one, guest, _ = keep()
    first = kept.identity.container_id(POD, APP)
    again = kept.identity.container_id(
        {**POD, "status": {"containerStatuses": [{"name": APP, "restartCount": 1}]}}, APP
    )
    guest.codes |= {first: 1, again: 1}
    until(lambda: guest.restarted == [(APP, 1), (APP, 2)])
    assert one.said.restarts[APP] == 2
