"""Deployments, DaemonSets, Services and service accounts: what the controllers of Kubernetes make of them.

No container runs here. A pod is Running when everything it refers to exists and its RuntimeClass would start it; the
answers of its process are not known. A reaction that can tell that a process would exit says so with `EXITS`.
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINTS,
    NAMESPACE,
    NODE,
    POD,
    REPLICA_SET,
    SERVICE,
    SERVICE_ACCOUNT,
)
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    annotation,
    conditions,
    ensure,
    new,
    owned_by,
    put_changed,
    ref_of,
    report,
    short_hash,
    with_annotations,
    with_status,
)
from sandbox.openshift.reactions.pods import EXITS, NOT_RUN, admission_problem, start_problem
from sandbox.shapes import map_in

REVISION = "deployment.kubernetes.io/revision"


def deployment(
    name: str,
    namespace: str,
    *,
    image: str,
    replicas: int = 1,
    owner: Manifest | None = None,
    annotations: dict[str, str] | None = None,
    volumes: list[Manifest] | None = None,
) -> Manifest:
    """A Deployment as an operator makes one, with the label `app` for its pods."""
    labels = {"app": name}
    template: Manifest = {
        "metadata": {"labels": labels, **({"annotations": annotations} if annotations else {})},
        "spec": {
            "containers": [{"name": name[:63], "image": image}],
            **({"volumes": volumes} if volumes else {}),
        },
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return new(DEPLOYMENT, name, namespace, owner=owner, labels=labels, spec=spec)


def react(objects: Objects) -> list[Effect]:
    effects: list[Effect] = []
    for namespace in objects.all(NAMESPACE):
        effects += ensure(objects, new(SERVICE_ACCOUNT, "default", namespace["metadata"]["name"]))
    for live in objects.all(DEPLOYMENT):
        effects += _roll_out(objects, live)
    for live in objects.all(DAEMON_SET):
        effects += _daemon_set(objects, live)
    for live in objects.all(POD):
        effects += _pod(objects, live)
    for live in objects.all(SERVICE):
        effects += _endpoints(objects, live)
    return effects


def _roll_out(objects: Objects, live: Manifest) -> list[Effect]:
    """A ReplicaSet for the present template; the one before it stays until the new pods are ready."""
    metadata, spec = live["metadata"], live["spec"]
    namespace, template = metadata["namespace"], spec["template"]
    name = f"{metadata['name']}-{short_hash(json.dumps(template, sort_keys=True))}"
    sets = [item for item in objects.all(REPLICA_SET, namespace) if owned_by(item, live)]
    current = objects.get(REPLICA_SET, name, namespace)
    revision = annotation(live, REVISION) or "0"
    if current is None:
        if sets and _gives_way(spec):
            return [Delete(ref_of(item)) for item in sets]
        revision = str(int(revision) + 1)
        wanted = {"replicas": spec.get("replicas", 1), "selector": spec["selector"], "template": template}
        effects = ensure(
            objects,
            new(REPLICA_SET, name, namespace, owner=live, annotations={REVISION: revision}, spec=wanted),
        )
        return [*effects, *put_changed(live, with_annotations(live, {REVISION: revision}))]
    replicas = spec.get("replicas", 1)
    if current["spec"]["replicas"] != replicas:
        return put_changed(current, {**current, "spec": {**current["spec"], "replicas": replicas}})
    effects = _replica_set(objects, current)
    ready, total = _ready_pods(objects, current), replicas
    effects += put_changed(live, _deployment_status(objects, live, current, ready, total, sets))
    if ready >= total:
        effects += [Delete(ref_of(item)) for item in sets if item is not current]
    return effects


def _gives_way(spec: Manifest) -> bool:
    """Whether all pods of the former template may go before those of the new one are ready."""
    if at(spec, ("strategy", "type")) == "Recreate":
        return True
    spared: object = at(spec, ("strategy", "rollingUpdate", "maxUnavailable"))
    return isinstance(spared, int) and spared >= spec.get("replicas", 1)


def _replica_set(objects: Objects, live: Manifest) -> list[Effect]:
    metadata, spec = live["metadata"], live["spec"]
    namespace = metadata["namespace"]
    pods = [pod for pod in objects.all(POD, namespace) if owned_by(pod, live)]
    effects: list[Effect] = [Delete(ref_of(pod)) for pod in pods[spec["replicas"] :]]
    template = spec["template"]
    problem = admission_problem(objects, namespace, template) if len(pods) < spec["replicas"] else None
    effects += report(objects, live, "replicaset-controller", "FailedCreate", problem)
    for index in range(spec["replicas"]):
        name = f"{metadata['name']}-{short_hash(metadata['name'], str(index), length=5)}"
        if problem is None:
            effects += ensure(objects, _pod_of(template, name, namespace, live))
    ready = _ready_pods(objects, live)
    state = {"replicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}
    generation = metadata.get("generation", 1)
    return effects + put_changed(live, with_status(live, observedGeneration=generation, **state))


def _pod_of(template: Manifest, name: str, namespace: str, owner: Manifest) -> Manifest:
    metadata = map_in(template, "metadata")
    return new(
        POD,
        name,
        namespace,
        owner=owner,
        labels=metadata.get("labels"),
        annotations=metadata.get("annotations"),
        spec=template["spec"],
    )


def _deployment_status(
    objects: Objects, live: Manifest, current: Manifest, ready: int, total: int, sets: list[Manifest]
) -> Manifest:
    serving = sum(_ready_pods(objects, item) for item in sets)
    available, rolled = serving >= total, ready >= total
    reason = "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable"
    has = "has" if available else "does not have"
    progress = "NewReplicaSetAvailable" if rolled else "ProgressDeadlineExceeded"
    progressed = "successfully progressed" if rolled else "timed out progressing"
    states = (
        ("Available", available, reason, f"Deployment {has} minimum availability."),
        ("Progressing", rolled, progress, f'ReplicaSet "{current["metadata"]["name"]}" has {progressed}.'),
    )
    return with_status(
        live,
        observedGeneration=live["metadata"].get("generation", 1),
        replicas=total,
        updatedReplicas=ready,
        readyReplicas=serving,
        availableReplicas=serving,
        unavailableReplicas=max(total - serving, 0),
        conditions=conditions(live, *states),
    )


def _ready_pods(objects: Objects, owner: Manifest) -> int:
    pods = objects.all(POD, owner["metadata"]["namespace"])
    return sum(owned_by(pod, owner) and pod.get("status", {}).get("phase") == "Running" for pod in pods)


def _daemon_set(objects: Objects, live: Manifest) -> list[Effect]:
    """One pod a worker, counted but not stored: nothing in the sandbox needs the single pods."""
    workers = [
        node for node in objects.all(NODE) if "node-role.kubernetes.io/worker" in node["metadata"]["labels"]
    ]
    count = len(workers)
    ready = 0 if annotation(live["spec"]["template"], EXITS) else count
    numbers = {"desiredNumberScheduled": count, "currentNumberScheduled": count, "numberReady": ready}
    generation = live["metadata"].get("generation", 1)
    state: dict[str, Any] = {
        **numbers,
        "numberAvailable": ready,
        "updatedNumberScheduled": count,
        "numberMisscheduled": 0,
    }
    return put_changed(live, with_status(live, observedGeneration=generation, **state))


def _pod(objects: Objects, live: Manifest) -> list[Effect]:
    """A pod that has started goes on running, also when what it refers to is deleted later."""
    if live.get("status", {}).get("phase") == "Running":
        return []
    problem = start_problem(objects, live)
    effects = report(objects, live, "kubelet", problem.reason if problem else "", problem and problem.message)
    containers = [container["name"] for container in live["spec"]["containers"]]
    state: Manifest = (
        {"waiting": {"reason": problem.reason, "message": problem.message}} if problem else {"running": {}}
    )
    wanted = with_status(
        live,
        phase="Pending" if problem else "Running",
        message=problem.message if problem else NOT_RUN,
        containerStatuses=[{"name": name, "ready": not problem, "state": state} for name in containers],
        conditions=conditions(live, ("Ready", not problem, problem.reason if problem else "", "")),
    )
    return effects + put_changed(live, wanted)


def _endpoints(objects: Objects, live: Manifest) -> list[Effect]:
    metadata, selector = live["metadata"], map_in(live["spec"], "selector")
    if not selector:
        return []
    ready: list[Manifest] = []
    waiting: list[Manifest] = []
    for pod in objects.all(POD, metadata["namespace"]):
        labels = map_in(pod["metadata"], "labels")
        if any(labels.get(key) != value for key, value in selector.items()):
            continue
        target = {"targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]}, "ip": _address(pod)}
        (ready if pod.get("status", {}).get("phase") == "Running" else waiting).append(target)
    numbers = [
        port["targetPort"] if isinstance(port.get("targetPort"), int) else port["port"]
        for port in live["spec"]["ports"]
    ]
    ports = [{"port": number, "protocol": "TCP"} for number in numbers]
    subset = {"addresses": ready, "notReadyAddresses": waiting, "ports": ports}
    wanted = new(ENDPOINTS, metadata["name"], metadata["namespace"], owner=live)
    wanted["subsets"] = [{key: value for key, value in subset.items() if value}] if ready or waiting else []
    existing = objects.get(ENDPOINTS, metadata["name"], metadata["namespace"])
    if existing is None:
        return ensure(objects, wanted)
    return put_changed(existing, {**existing, "subsets": wanted["subsets"]})


def _address(pod: Manifest) -> str:
    digest = int(short_hash(pod["metadata"]["namespace"], pod["metadata"]["name"], length=4), 16)
    return f"10.128.{digest >> 8}.{digest & 0xFF}"
