"""The status that nodes would give to pods: no container runs, a pod is Running when everything it refers to exists.

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
    kind_of,
    now,
    put_changed,
    ref_of,
    report,
    with_status,
)
from sandbox.openshift.reactions import jobs, trustee, workloads
from sandbox.openshift.reactions.pods import NOT_RUN, is_confidential, start_problem
from sandbox.openshift.reactions.problem import ReactionProblem
from sandbox.shapes import map_in
from sandbox.watch import pod_status

_JOB_NAME = "batch.kubernetes.io/job-name"


def react(objects: Objects, *, guests: bool = False) -> list[Effect]:
    """`guests`: confidential pods really run, and what runs them says what becomes of them (`sandbox/pods`)."""
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
        if pod["spec"].get("nodeName") not in (None, *ours) or (guests and is_confidential(pod)):
            continue
        job = ended.get((metadata["namespace"], map_in(metadata, "labels").get(_JOB_NAME, "")))
        effects += _pod(objects, pod, job)
    return effects


def heartbeats(objects: Objects) -> list[Effect]:
    """Of the sandbox's nodes in somebody else's cluster, whose controllers take a node that is silent for lost."""
    due = (datetime.now(UTC) - timedelta(seconds=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    effects: list[Effect] = []
    for node in _ours(objects).values():
        ready = {"type": "Ready", "status": "True", "reason": "SaidByTheSandbox", "lastHeartbeatTime": now()}
        before = [item.get("lastHeartbeatTime") or "" for item in node["status"].get("conditions", [])]
        if min(before, default="") < due:
            effects.append(Put(with_status(node, conditions=[ready])))
    return effects


def endpoints(objects: Objects) -> list[Effect]:
    """Kubernetes' own controller ignores pods that are on no node; it handles those that are on one."""
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
            return [Put(pod_status.of(pod, "Succeeded", "Completed", ""))]
        if job and condition(job, "Failed") == "True":
            ends = [item["message"] for item in job["status"]["conditions"] if item["type"] == "Failed"]
            return [Put(pod_status.of(pod, "Failed", "Error", ends[0]))]
        return []
    problem = start_problem(objects, pod)
    if problem is None and (message := trustee.exits(objects, pod)):
        problem = ReactionProblem("CrashLoopBackOff", message)
    effects = report(objects, pod, "kubelet", problem.reason if problem else "", problem and problem.message)
    wanted = (
        pod_status.of(pod, "Pending", problem.reason, problem.message)
        if problem
        else pod_status.of(pod, "Running", "", NOT_RUN)
    )
    return effects + put_changed(pod, wanted)
