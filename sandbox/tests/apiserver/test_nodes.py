"""What is said of pods where no node is: they run when they could, and end as their job would."""

from typing import Any

import pytest

from sandbox.apiserver.external import OURS
from sandbox.openshift.kinds import (
    CONFIG_MAP,
    ENDPOINTS,
    EVENT,
    JOB,
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    SERVICE_ACCOUNT,
)
from sandbox.openshift.objects import Delete, Manifest, Objects, condition, new, ref_of
from sandbox.watch import nodes


def _pod(name: str = "pod", job: str | None = None, **container: Any) -> Manifest:
    labels = {"batch.kubernetes.io/job-name": job, "job-name": job} if job else {"app": name}
    spec = {"containers": [{"name": "main", "image": "any", **container}]}
    return new(POD, name, "app", labels=labels, spec=spec, status={"phase": "Pending"})


def _job(**environment: str) -> Manifest:
    variables = [{"name": name, "value": value} for name, value in environment.items()]
    image = "registry.redhat.io/openshift4/ose-cli" if environment else "any"
    containers = [{"name": "main", "image": image, "env": variables}]
    return new(JOB, "job", "app", spec={"template": {"spec": {"containers": containers}}})


def _cluster(*manifests: Manifest) -> Objects:
    return Objects([new(NAMESPACE, "app"), new(SERVICE_ACCOUNT, "default", "app"), *manifests])


def _react(objects: Objects, times: int = 3) -> None:
    for _ in range(times):
        for effect in [*nodes.react(objects), *nodes.endpoints(objects)]:
            objects.apply(effect)


def _phase(objects: Objects, name: str = "pod") -> str:
    pod = objects.get(POD, name, "app")
    assert pod
    return pod["status"]["phase"]


def test_a_pod_runs_has_an_address_and_is_left_alone_then() -> None:
    service = new(SERVICE, "pod", "app", spec={"selector": {"app": "pod"}, "ports": [{"port": 80}]})
    objects = _cluster(_pod(), service)
    _react(objects)
    assert _phase(objects) == "Running"
    endpoints = objects.get(ENDPOINTS, "pod", "app")
    assert endpoints
    assert endpoints["subsets"][0]["addresses"]
    assert nodes.react(objects) == []


def test_a_pod_that_cannot_start_waits_says_why_and_starts_when_it_can() -> None:
    objects = _cluster(_pod(envFrom=[{"configMapRef": {"name": "settings"}}]))
    _react(objects)
    assert _phase(objects) == "Pending"
    assert [event["message"] for event in objects.all(EVENT)] == ['configmap "settings" not found']
    objects.set(new(CONFIG_MAP, "settings", "app"))
    _react(objects)
    assert _phase(objects) == "Running"
    assert objects.all(EVENT) == []


def test_the_pod_of_a_job_ends_and_the_job_itself_is_left_to_its_controller() -> None:
    objects = _cluster(_job(), _pod(job="job"))
    _react(objects)
    assert _phase(objects) == "Succeeded"
    assert "status" not in objects.all(JOB)[0]
    assert len(objects.all(POD)) == 1


def test_the_pod_of_a_job_that_may_not_do_its_work_fails_with_the_reason() -> None:
    objects = _cluster(_job(CSV="operator.v1.0.0", NAMESPACE="app"), _pod(job="job"))
    _react(objects)
    assert _phase(objects) == "Failed"
    assert "cannot list resource" in objects.all(POD)[0]["status"]["message"]


def test_a_pod_that_is_being_deleted_goes_from_the_sandboxs_nodes_at_once() -> None:
    pod = _pod()
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert nodes.react(_cluster(pod)) == []
    pod["spec"]["nodeName"] = "worker"
    assert nodes.react(_cluster(pod, new(NODE, "worker", labels={OURS: ""}))) == [Delete(ref_of(pod))]


@pytest.mark.parametrize("gone", [True, False])
def test_pods_and_endpoints_of_somebody_elses_nodes_are_left_to_their_kubelet(gone: bool) -> None:
    pod, theirs, ours = _pod(), new(NODE, "theirs"), new(NODE, "worker", labels={OURS: ""})
    service = new(SERVICE, "pod", "app", spec={"selector": {"app": "pod"}, "ports": [{"port": 80}]})
    pod["spec"]["nodeName"] = "theirs"
    if gone:
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    objects = _cluster(pod, theirs, ours, service)
    assert [*nodes.react(objects), *nodes.endpoints(objects)] == []


@pytest.mark.parametrize(("labels", "alive"), [({OURS: ""}, True), ({}, False)])
def test_only_the_nodes_of_the_sandbox_are_kept_alive(labels: dict[str, str], alive: bool) -> None:
    old = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}
    node = new(NODE, "node", labels=labels, spec={}, status={"conditions": [old]})
    objects = Objects([node])
    for effect in nodes.heartbeats(objects):
        objects.apply(effect)
    assert (objects.all(NODE) != [node]) is alive
    assert condition(objects.all(NODE)[0], "Ready") == "True"
    assert nodes.heartbeats(objects) == []
