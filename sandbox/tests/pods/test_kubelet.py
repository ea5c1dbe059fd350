"""Which pods get a guest, which KBS they ask, and what their status says; guests and KBS are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from model.attestation.initdata import render
from sandbox.guest.real.stand_in import LocalPod
from sandbox.openshift.kinds import EVENT, POD
from sandbox.openshift.objects import Manifest, Objects, Put, ref_of
from sandbox.openshift.reactions.problem import ReactionProblem
from sandbox.pods import kubelet
from sandbox.pods.deployed import DeployedPod
from sandbox.pods.kept import Said
from sandbox.pods.kubelet import Kubelet
from sandbox.tests.guest import pods
from sandbox.watch import nodes
from tests import certificates

CA = certificates.certificate()


class Kbs:
    def __init__(self, folder: Path, url: str, ca: str) -> None:
        self.url, self.ca = url, ca
        self.served: tuple[LocalPod, ...] = ()
        self.closed = False

    def serve(self, given: tuple[LocalPod, ...]) -> None:
        self.served = given

    def close(self) -> None:
        self.closed = True


class Kept:
    made: list[Kept]

    def __init__(
        self, deployed: DeployedPod, local: LocalPod, kbs: Kbs, tell: Callable[[Said], object]
    ) -> None:
        self.name, self.local, self.kbs, self.tell = deployed.name, local, kbs, tell
        self.said = Said("Pending", "ContainerCreating", "")
        self.ended = self.joined = False
        self.made.append(self)

    def end(self) -> None:
        self.ended = True

    def join(self) -> None:
        self.joined = True


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kubelet:
    """`start_problem` finds nothing wrong."""
    Kept.made = []
    monkeypatch.setattr(kubelet, "HubKbs", Kbs)
    monkeypatch.setattr(kubelet, "KeptPod", Kept)
    monkeypatch.setattr(kubelet, "start_problem", lambda *_, **__: None)
    monkeypatch.setattr(kubelet.stand_in, "local", _local)
    return Kubelet(tmp_path, Event())


def _local(pod: dict[str, Any], encoded: str) -> LocalPod:
    toml = render(kbs_url=encoded, kbs_ca=CA, agent_policy="package agent_policy\n").toml
    return LocalPod(pod=pod, initdata=toml, deployed=toml, images={}, replaced={})


def pod(name: str, hub: str = "https://kbs.one", **metadata: Any) -> Manifest:
    made = pods.kbs_access()
    annotations = {"io.katacontainers.config.hypervisor.cc_init_data": hub}
    own = {"name": name, "namespace": "web", "uid": f"uid-{name}", "annotations": annotations, **metadata}
    spec = {**made["spec"], "runtimeClassName": "kata-remote"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": own, "spec": spec}


def step(node: Kubelet, objects: Objects) -> list[Manifest]:
    """One round; what was written."""
    effects = node.react(objects)
    for effect in effects:
        objects.apply(effect)
    return [one.object for one in effects if isinstance(one, Put)]


def test_each_confidential_pod_gets_one_guest_and_others_none(node: Kubelet) -> None:
    other = pod("other")
    del other["spec"]["runtimeClassName"]
    objects = Objects([pod("a"), pod("b"), other])
    for _ in range(3):
        step(node, objects)
    assert [one.name for one in Kept.made] == ["web/a", "web/b"]


def test_a_round_in_which_nothing_happened_writes_nothing(node: Kubelet) -> None:
    objects = Objects([pod("a")])
    step(node, objects)
    Kept.made[0].said = Said("Running", "", "runs")
    step(node, objects)
    assert step(node, objects) == []


def test_what_a_guest_says_is_the_status_and_the_event_of_its_pod(node: Kubelet) -> None:
    objects = Objects([pod("a")])
    step(node, objects)
    Kept.made[0].said = Said("Pending", "CreateContainerError", "is blocked by policy")
    step(node, objects)
    status = objects.all(POD)[0]["status"]
    assert status["containerStatuses"][0]["state"]["waiting"]["reason"] == "CreateContainerError"
    assert [one["message"] for one in objects.all(EVENT)] == ["is blocked by policy"]
    name = pods.kbs_access()["spec"]["containers"][0]["name"]
    Kept.made[0].said = Said("Running", "", "runs", {name: 2})
    step(node, objects)
    status = objects.all(POD)[0]["status"]
    assert (status["phase"], status["containerStatuses"][0]["restartCount"]) == ("Running", 2)
    assert objects.all(EVENT) == []


def test_a_pod_that_the_cluster_cannot_start_gets_no_guest_and_the_reason(
    node: Kubelet, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = ReactionProblem("FailedMount", 'secret "x" not found')
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(kubelet, "start_problem", lambda *_, **options: asked.append(options) or problem)
    objects = Objects([pod("a")])
    step(node, objects)
    assert Kept.made == []
    assert objects.all(POD)[0]["status"]["message"] == 'secret "x" not found'
    assert asked == [{"judged": False}], "its policy is the agent's to judge by"


def test_a_pod_that_goes_loses_its_guest_and_its_place_at_the_kbs(node: Kubelet) -> None:
    objects = Objects([pod("a"), pod("b")])
    step(node, objects)
    first, second = Kept.made
    assert second.kbs.served == (first.local, second.local)
    objects.set(pod("a", deletionTimestamp="2026-01-01T00:00:00Z"))
    step(node, objects)
    assert (first.ended, second.ended) == (True, False)
    assert second.kbs.served == (second.local,)


def test_pods_ask_the_kbs_that_their_initdata_pins(node: Kubelet) -> None:
    step(node, Objects([pod("a"), pod("b", "https://kbs.two"), pod("c")]))
    assert [one.kbs.url for one in Kept.made] == ["https://kbs.one", "https://kbs.two", "https://kbs.one"]
    assert Kept.made[0].kbs is Kept.made[2].kbs


def test_a_pod_that_is_done_is_left_as_it_is(node: Kubelet) -> None:
    objects = Objects([{**pod("a"), "status": {"phase": "Succeeded"}}])
    assert step(node, objects) == []
    assert Kept.made == []


def test_the_end_leaves_no_guest_and_no_kbs(node: Kubelet) -> None:
    objects = Objects([pod("a"), pod("b")])
    step(node, objects)
    objects.remove(ref_of(pod("a")))
    step(node, objects)
    node.close()
    assert all(one.ended and one.joined for one in Kept.made)
    assert all(one.kbs.closed for one in Kept.made)


def test_a_node_whose_confidential_pods_really_run_says_nothing_of_them() -> None:
    objects = Objects([pod("a")])
    assert nodes.react(objects)
    assert nodes.react(objects, guests=True) == []
