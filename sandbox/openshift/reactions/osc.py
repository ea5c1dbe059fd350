"""The sandboxed containers operator: a KataConfig becomes machine pool, runtime classes, pod VM image and peer-pod daemons.

The order is the operator's: pool, `kata`, then with peer pods the checked `peer-pods-cm`, credentials, image job, daemons and
`kata-remote`. Each pass takes the next step. Nothing reboots and no image is made in Azure.

Read in the operator's code: settings that it cannot use leave the status unwritten, and are in its log alone (here an event, so that
a person sees them); an image job that failed is not tried again and holds nothing up; a blocked deletion has InProgress False.
"""

from __future__ import annotations

from sandbox.openshift.kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    KATA_CONFIG,
    MACHINE_CONFIG_POOL,
    NODE,
    POD,
    RUNTIME_CLASS,
    SECRET,
    ObjectKind,
)
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    Put,
    Ref,
    conditions,
    ensure,
    new,
    put_changed,
    report,
    with_status,
)
from sandbox.openshift.reactions import peer_pods, pod_vm_image
from sandbox.openshift.reactions.olm import installed
from sandbox.openshift.reactions.peer_pods import POOL
from sandbox.openshift.reactions.problem import OSC_NAMESPACE
from sandbox.shapes import map_in

FINALIZER = "kataconfiguration.openshift.io/finalizer"
CLASSES = ("kata", "kata-remote")
_MADE: tuple[tuple[ObjectKind, str, str], ...] = (
    (RUNTIME_CLASS, "kata", ""),
    (RUNTIME_CLASS, "kata-remote", ""),
    (DAEMON_SET, "osc-caa-ds", OSC_NAMESPACE),
    (DEPLOYMENT, "peer-pods-webhook", OSC_NAMESPACE),
    (JOB, pod_vm_image.JOB_NAME, OSC_NAMESPACE),
    (MACHINE_CONFIG_POOL, "kata-oc", ""),
)


def react(objects: Objects) -> list[Effect]:
    if not installed(objects, "sandboxed-containers-operator"):
        return []
    effects: list[Effect] = []
    pull_secret = objects.get(SECRET, "pull-secret", "openshift-config")
    if pull_secret:
        copy = new(SECRET, "auth-json-secret", OSC_NAMESPACE, type="Opaque", data=pull_secret["data"])
        effects += ensure(objects, copy)
    for config in objects.all(KATA_CONFIG):
        deleting = "deletionTimestamp" in config["metadata"]
        effects += _uninstall(objects, config) if deleting else _install(objects, config)
    return effects


def _install(objects: Objects, config: Manifest) -> list[Effect]:
    metadata = config["metadata"]
    if FINALIZER not in metadata.get("finalizers", []):
        return [Put({**config, "metadata": {**metadata, "finalizers": [FINALIZER]}})]
    if objects.get(MACHINE_CONFIG_POOL, "kata-oc") is None:
        pool = new(
            MACHINE_CONFIG_POOL,
            "kata-oc",
            labels={"pools.operator.machineconfiguration.openshift.io/kata-oc": ""},
        )
        pool |= {"spec": {"machineConfigSelector": {}}, "status": _pool_status()}
        started = _progress(
            objects, config, True, "Installing", "Performing initial installation of kata on cluster"
        )
        return [Put(pool), *put_changed(config, started)]
    if objects.get(RUNTIME_CLASS, "kata") is None:
        return [*_join_pool(objects, True), Put(_runtime_class("kata", "350Mi"))]
    if "kata" not in config.get("status", {}).get("runtimeClasses", []):
        waiting = _progress(objects, config, True, "Installing", "Waiting for the runtime classes")
        return put_changed(config, waiting)
    effects: list[Effect] = []
    if map_in(config, "spec").get("enablePeerPods"):
        problem = peer_pods.problem(objects)
        effects += report(objects, config, "osc-operator", "ReconcileError", problem)
        if problem:
            return effects
        steps = peer_pods.steps(objects, config)
        if steps or not (peer_pods.running(objects) or pod_vm_image.gave_up(objects)):
            waiting = "Waiting for the pod VM image and the cloud API adaptor"
            return [
                *effects,
                *steps,
                *put_changed(config, _progress(objects, config, True, "Installing", waiting)),
            ]
        effects += ensure(objects, _runtime_class("kata-remote", "120Mi"))
    return effects + put_changed(config, _progress(objects, config, False, "", ""))


def _uninstall(objects: Objects, config: Manifest) -> list[Effect]:
    pods = [
        f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        for pod in objects.all(POD)
        if pod["spec"].get("runtimeClassName") in CLASSES
    ]
    if pods:
        shown = ", ".join(pods[:5]) + (" and more" if len(pods) > 5 else "")
        message = f"existing pods use a kata runtime class, delete them to proceed: {shown}"
        blocked = conditions(config, ("InProgress", False, "BlockedByExistingKataPods", message))
        effects = report(objects, config, "osc-operator", "BlockedByExistingKataPods", message)
        return effects + put_changed(config, with_status(config, conditions=blocked))
    effects: list[Effect] = [
        Delete(Ref(kind, namespace, name))
        for kind, name, namespace in _MADE
        if objects.get(kind, name, namespace)
    ]
    effects += [*peer_pods.forget(objects), *_join_pool(objects, False)]
    metadata = {key: value for key, value in config["metadata"].items() if key != "finalizers"}
    return [
        *effects,
        *report(objects, config, "osc-operator", "", None),
        Put({**config, "metadata": metadata}),
    ]


def _progress(objects: Objects, config: Manifest, busy: bool, reason: str, message: str) -> Manifest:
    count = len(_workers(objects))
    classes = [name for name in CLASSES if objects.get(RUNTIME_CLASS, name)]
    return with_status(
        config,
        conditions=conditions(config, ("InProgress", busy, reason, message)),
        kataNodes={"nodeCount": count, "readyNodeCount": count if classes else 0},
        runtimeClasses=classes,
    )


def _workers(objects: Objects) -> list[Manifest]:
    worker = "node-role.kubernetes.io/worker"
    return [node for node in objects.all(NODE) if worker in node["metadata"].get("labels", {})]


def _join_pool(objects: Objects, joined: bool) -> list[Effect]:
    """Or leaves it. The scheduler places pods of the runtime classes on no other nodes."""
    effects: list[Effect] = []
    for node in _workers(objects):
        labels = {key: value for key, value in node["metadata"]["labels"].items() if key not in POOL}
        wanted = {**labels, **POOL} if joined else labels
        effects += put_changed(node, {**node, "metadata": {**node["metadata"], "labels": wanted}})
    return effects


def _runtime_class(name: str, memory: str) -> Manifest:
    return new(
        RUNTIME_CLASS,
        name,
        handler=name,
        overhead={"podFixed": {"cpu": "250m", "memory": memory}},
        scheduling={"nodeSelector": POOL},
    )


def _pool_status() -> Manifest:
    states = (("Updated", "True"), ("Updating", "False"), ("Degraded", "False"))
    return {"conditions": [{"type": type_, "status": status} for type_, status in states]}
