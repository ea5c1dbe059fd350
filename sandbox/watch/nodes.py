"""What the nodes would say of pods: no container runs, a pod is Running when everything it refers to exists.

The pods themselves, and what follows for deployments and jobs, come from Kubernetes' own controllers. In the sandbox's own
clusters pods are bound to no node, so that they go at once when they are deleted. In somebody else's cluster a scheduler
binds them to the sandbox's nodes, where no kubelet says that they have ended; pods on other nodes have one, and are left to it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.apiserver.external import OURS
from sandbox.openshift.kinds import ENDPOINTS, JOB, NODE, POD
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    Put,
    condition,
    conditions,
    kind_of,
    now,
    put_changed,
    ref_of,
    report,
    short_hash,
    with_status,
)
from sandbox.openshift.reactions import jobs, workloads
from sandbox.openshift.reactions.pods import NOT_RUN, start_problem
from sandbox.shapes import map_in

_JOB_NAME = "batch.kubernetes.io/job-name"


def react(objects: Objects) -> list[Effect]:
    effects: list[Effect] = []
    ended: dict[tuple[str, str], Manifest] = {}
    for effect in jobs.react(objects):
        kind = kind_of(effect.object) if isinstance(effect, Put) else None
        if isinstance(effect, Put) and kind is JOB:
            metadata = effect.object["metadata"]
            ended[metadata["namespace"], metadata["name"]] = effect.object
        elif kind is not POD:
            effects.append(effect)
    ours = _ours(objects)
    for pod in objects.all(POD):
        metadata = pod["metadata"]
        if pod["spec"].get("nodeName") not in (None, *ours):
            continue
        job = ended.get((metadata["namespace"], map_in(metadata, "labels").get(_JOB_NAME, "")))
        effects += _pod(objects, pod, job)
    return effects


def heartbeats(objects: Objects) -> list[Effect]:
    """Of the sandbox's nodes in somebody else's cluster, whose controllers give up on a node that is silent."""
    due = (datetime.now(UTC) - timedelta(seconds=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    effects: list[Effect] = []
    for node in _ours(objects).values():
        ready = {"type": "Ready", "status": "True", "reason": "SaidByTheSandbox", "lastHeartbeatTime": now()}
        before = [item.get("lastHeartbeatTime") or "" for item in node["status"].get("conditions", [])]
        if min(before, default="") < due:
            effects.append(Put(with_status(node, conditions=[ready])))
    return effects


def endpoints(objects: Objects) -> list[Effect]:
    """Kubernetes' own controller passes over pods that are on no node; where they are on one it is left to it."""
    if _ours(objects):
        return []
    return [
        effect
        for effect in workloads.react(objects)
        if isinstance(effect, Put) and kind_of(effect.object) is ENDPOINTS
    ]


def _ours(objects: Objects) -> dict[str, Manifest]:
    """The sandbox's nodes in somebody else's cluster, by name; in its own clusters it needs no label to know them."""
    return {
        node["metadata"]["name"]: node
        for node in objects.all(NODE)
        if OURS in node["metadata"].get("labels", {})
    }


def _pod(objects: Objects, pod: Manifest, job: Manifest | None) -> list[Effect]:
    """`job` is what has become of the pod's job, where it has one."""
    phase = pod.get("status", {}).get("phase")
    if "deletionTimestamp" in pod["metadata"]:
        return [Delete(ref_of(pod))] if "nodeName" in pod["spec"] else []
    if phase in ("Succeeded", "Failed"):
        return []
    if phase == "Running":
        if job and condition(job, "Complete") == "True":
            return [Put(_state(pod, "Succeeded", "Completed", ""))]
        if job and condition(job, "Failed") == "True":
            ends = [item["message"] for item in job["status"]["conditions"] if item["type"] == "Failed"]
            return [Put(_state(pod, "Failed", "Error", ends[0]))]
        return []
    problem = start_problem(objects, pod)
    effects = report(objects, pod, "kubelet", problem.reason if problem else "", problem and problem.message)
    wanted = (
        _state(pod, "Pending", problem.reason, problem.message)
        if problem
        else _state(pod, "Running", "", NOT_RUN)
    )
    return effects + put_changed(pod, wanted)


def _state(pod: Manifest, phase: str, reason: str, message: str) -> Manifest:
    metadata, before = pod["metadata"], pod.get("status", {})
    match phase:
        case "Running":
            state: Manifest = {"running": {"startedAt": now()}}
        case "Pending":
            state = {"waiting": {"reason": reason, "message": message}}
        case _:
            state = {"terminated": {"exitCode": int(phase == "Failed"), "reason": reason, "message": message}}
    ready = phase == "Running"
    address = before.get("podIP") or _address(metadata["namespace"], metadata["name"])
    containers = [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": "",
            "ready": ready,
            "restartCount": 0,
            "state": state,
        }
        for container in pod["spec"]["containers"]
    ]
    return with_status(
        pod,
        phase=phase,
        message=message,
        podIP=address,
        podIPs=[{"ip": address}],
        startTime=before.get("startTime") or now(),
        containerStatuses=containers,
        conditions=conditions(
            pod,
            *((type_, True, "", "") for type_ in ("PodScheduled", "Initialized")),
            *((type_, ready, reason, "") for type_ in ("Ready", "ContainersReady")),
        ),
    )


def _address(*parts: str) -> str:
    digest = int(short_hash(*parts, length=4), 16)
    return f"10.128.{digest >> 8}.{digest & 0xFF or 1}"
