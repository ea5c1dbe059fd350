"""`make up ENGINE=pulumi` where the guest's own programs are on PATH: confidential pods really run, from nothing but API servers."""

from __future__ import annotations

import base64
import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sandbox.apiserver.client import ApiClient
from sandbox.apiserver.process import Process
from sandbox.guest.real import cgroups
from sandbox.official.install import to_build
from sandbox.openshift.reactions.pods import is_confidential
from sandbox.tests.integration.servers import built
from sandbox.tests.integration.test_guest_machine import left_behind
from sandbox.tests.integration.world import HUB, SPOKE, TRUSTEE, World
from sandbox.trustee.process import FILES
from sandbox.watch import guests

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(guests.unavailable()), reason=str(guests.unavailable())),
    pytest.mark.xdist_group("guests"),
]
ACCESS = "kbs-access"


class Live(World):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.spoke_folder = self.project.home / "clusters" / f"coco-{SPOKE}"

    @property
    def spoke(self) -> ApiClient:
        return self.cluster(SPOKE)

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        return self.spoke.get(f"/api/v1/namespaces/{namespace}/pods")["items"]

    def pod(self, namespace: str) -> dict[str, Any]:
        """The confidential one."""
        (one,) = filter(is_confidential, self.pods(namespace))
        return one

    def is_in(self, namespace: str, phase: str) -> bool:
        with suppress(ValueError):
            return self.pod(namespace).get("status", {}).get("phase") == phase
        return False

    def page(self, namespace: str) -> str:
        """What it answers at the address that its status names."""
        address = re.findall(r"http://127\.0\.0\.1:\d+", self.pod(namespace)["status"]["message"])[0]
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 -- of this machine
            return answer.read().decode().strip()

    def delete(self, namespace: str) -> None:
        """The pod; its Deployment makes another."""
        self.spoke.delete(f"/api/v1/namespaces/{namespace}/pods/{self.pod(namespace)['metadata']['name']}")

    def secret(self, name: str, key: str) -> str:
        return base64.b64decode(self.cluster(HUB).get(f"{TRUSTEE}/secrets/{name}")["data"][key]).decode()

    def kubelet(self) -> int:
        pid = Process(self.spoke_folder, guests.NAME).pid()
        assert pid
        return pid

    def guests(self) -> list[str]:
        return sorted(path.name for path in (cgroups.ROOT / "pids").glob(f"coco-guest-{self.kubelet()}-*"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("guests")
    built(*to_build(folder))
    world = Live(folder)
    try:
        done = world.sandbox("up", "--env", "dev")
        assert done.code == 0, done.text
        yield world
    finally:
        world.environment.stand_ins.clusters.stop()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)


def test_up_says_where_each_pod_answers_and_what_is_missing_to_a_real_one(live: Live) -> None:
    told = re.findall(
        r"^(\S+)/\S+ runs in the guest's own programs, on a machine that is no TEE", live.said[0], re.M
    )
    assert sorted(told) == ["hello-openshift", "hello-samples", ACCESS, "kbs-sealed"]


def test_every_sample_answers_as_it_should(live: Live) -> None:
    assert live.page("hello-openshift") == "Hello OpenShift, hardened"
    assert live.page("hello-samples") == "Hello OpenShift, debug"
    assert live.page(ACCESS) == live.secret("kbsres1", "key1")
    assert live.page("kbs-sealed") == f"unsealed: {len(live.secret('kbsres2', 'key1'))} characters"


def test_a_container_that_ends_is_started_again_under_the_policy_of_its_pod(live: Live) -> None:
    before = live.guests()
    for process in _web_servers(live):
        os.kill(process, signal.SIGKILL)
    until(lambda: live.pod(ACCESS)["status"]["containerStatuses"][0]["restartCount"] == 1)
    until(lambda: live.is_in(ACCESS, "Running"))
    assert live.page(ACCESS) == live.secret("kbsres1", "key1")
    assert live.guests() == before


def test_a_guest_that_is_killed_is_made_anew_and_no_other(live: Live) -> None:
    before = live.guests()
    for process in cgroups.processes(before[0]):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    until(lambda: len(set(live.guests()) - set(before)) == 1)
    assert len(set(live.guests()) & set(before)) == len(before) - 1
    until(lambda: all(live.is_in(name, "Running") for name in ("hello-openshift", "hello-samples", ACCESS)))


def test_another_command_is_blocked_by_the_agent_and_said_as_openshift_says_it(live: Live) -> None:
    pod = live.pod("hello-openshift")
    spec = {**pod["spec"], "containers": [{**pod["spec"]["containers"][0], "args": ["id"]}]}
    metadata = {"name": "other", "annotations": pod["metadata"]["annotations"]}
    pods = "/api/v1/namespaces/hello-openshift/pods"
    live.spoke.create(
        pods, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, manager="test"
    )
    try:
        until(lambda: "CreateContainerError" in str(live.spoke.get(f"{pods}/other").get("status")))
        status = live.spoke.get(f"{pods}/other")["status"]
        assert status["phase"] == "Pending"
        assert (
            "CreateContainerRequest is blocked by policy"
            in status["containerStatuses"][0]["state"]["waiting"]["message"]
        )
        events = live.spoke.get("/api/v1/namespaces/hello-openshift/events")["items"]
        assert any(
            "blocked by policy" in one["message"]
            for one in events
            if one["involvedObject"]["name"] == "other"
        )
    finally:
        live.spoke.delete(f"{pods}/other")


def test_a_revoked_spoke_gets_nothing_and_what_ran_keeps_what_it_has(live: Live) -> None:
    live.project.configure(HUB, {"revoked": [SPOKE]})
    live.up(HUB)
    assert live.is_in(ACCESS, "Running")
    log = live.spoke_folder / "kbs.log"
    before = log.read_text().count("401")
    live.delete(ACCESS)
    until(lambda: "init container" in live.pod(ACCESS).get("status", {}).get("message", ""), 120)
    assert log.read_text().count("401") > before
    assert live.page("hello-openshift") == "Hello OpenShift, hardened"
    live.project.configure(HUB, {"revoked": []})
    live.up(HUB)
    until(lambda: live.is_in(ACCESS, "Running"), 180)
    assert live.page(ACCESS) == live.secret("kbsres1", "key1")


def test_a_kubelet_that_is_killed_takes_its_guests_along_and_another_begins_them_again(live: Live) -> None:
    killed, gone = live.kubelet(), live.guests()
    os.kill(killed, signal.SIGKILL)
    until(lambda: Process(live.spoke_folder, guests.NAME).pid() not in (None, killed))
    until(lambda: len(live.guests()) == len(gone))
    until(lambda: all(live.is_in(name, "Running") for name in ("hello-openshift", "hello-samples", ACCESS)))
    until(lambda: not left_behind(killed))
    until(lambda: live.page(ACCESS) == live.secret("kbsres1", "key1"))
    assert len(list(live.spoke_folder.glob(f"{FILES}*"))) == 1


def test_down_while_a_pod_starts_leaves_nothing(live: Live) -> None:
    live.delete(ACCESS)
    until(lambda: live.is_in(ACCESS, "Pending"))
    kubelet = live.kubelet()
    done = live.sandbox("down", "--env", "dev")
    assert done.code == 0, done.text
    assert live.environment.stand_ins.clusters.processes() == {}
    assert left_behind(kubelet) == []


def _web_servers(live: Live) -> list[int]:
    """Of all guests, those that serve a page."""
    processes = [one for name in live.guests() for one in cgroups.processes(name)]
    return [one for one in processes if b"httpd\0-f" in Path(f"/proc/{one}/cmdline").read_bytes()]
