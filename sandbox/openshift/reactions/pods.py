"""Why a pod would not start: what the API server, the kubelet and the peer-pod machinery say before any process runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import CONFIG_MAP, NODE, POD, RUNTIME_CLASS, SECRET, SERVICE_ACCOUNT, ObjectKind
from sandbox.openshift.objects import Manifest, Objects, annotation
from sandbox.openshift.reactions import guest, initdata
from sandbox.openshift.reactions.problem import OSC_NAMESPACE, ReactionProblem
from sandbox.shapes import list_in, map_in

NOT_RUN = "the sandbox does not run containers: this pod's processes were not started"
EXITS = "sandbox/process-exits"
"""Annotation of a pod template: the text with which the process in it would exit."""

HYPERVISOR = "io.katacontainers.config.hypervisor"


def admission_problem(objects: Objects, namespace: str, template: Manifest) -> str | None:
    """Why the API server would refuse a pod of this template."""
    spec = template["spec"]
    runtime = spec.get("runtimeClassName")
    if runtime and objects.get(RUNTIME_CLASS, runtime) is None:
        return f'pods are forbidden: pod rejected: RuntimeClass "{runtime}" not found'
    account = spec.get("serviceAccountName", "default")
    if objects.get(SERVICE_ACCOUNT, account, namespace) is None:
        return f'pods are forbidden: error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    return None


def start_problem(objects: Objects, pod: Manifest, *, judged: bool = True) -> ReactionProblem | None:
    """Why the kubelet, or the peer-pod VM, would not get this pod's containers to run. Not `judged`: the pod's own policy is not asked,
    because an agent will.
    """
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    for kind, name, key, volume in _references(spec):
        source = objects.get(kind, name, namespace)
        if source is None:
            text = f'{kind.kind.lower()} "{name}" not found'
            if volume:
                return ReactionProblem(
                    "FailedMount", f'MountVolume.SetUp failed for volume "{volume}" : {text}'
                )
            return ReactionProblem("CreateContainerConfigError", text)
        if key and key not in map_in(source, "data"):
            return ReactionProblem(
                "CreateContainerConfigError", f"couldn't find key {key} in {kind.kind} {namespace}/{name}"
            )
    if is_confidential(pod):
        if problem := _peer_pod_problem(objects, pod):
            return ReactionProblem("FailedCreatePodSandBox", problem)
        if judged and (refused := guest.problem(objects, pod, initdata_of(objects, pod))):
            return refused
    if message := annotation(pod, EXITS):
        return ReactionProblem("CrashLoopBackOff", message)
    return None


def is_confidential(pod: Manifest) -> bool:
    return pod["spec"].get("runtimeClassName") == "kata-remote"


def _references(spec: Manifest) -> Iterator[tuple[ObjectKind, str, str | None, str | None]]:
    """What must exist: kind, name, the key asked for, and the volume that mounts it."""
    for volume in list_in(spec, "volumes"):
        if (secret := volume.get("secret")) and not secret.get("optional"):
            yield SECRET, secret["secretName"], None, volume["name"]
        if (config := volume.get("configMap")) and not config.get("optional"):
            yield CONFIG_MAP, config["name"], None, volume["name"]
    for container in [*list_in(spec, "initContainers"), *spec["containers"]]:
        for variable in list_in(container, "env"):
            source = map_in(variable, "valueFrom")
            for field, kind in (("secretKeyRef", SECRET), ("configMapKeyRef", CONFIG_MAP)):
                if (reference := source.get(field)) and not reference.get("optional"):
                    yield kind, reference["name"], reference["key"], None
        for source in list_in(container, "envFrom"):
            for field, kind in (("secretRef", SECRET), ("configMapRef", CONFIG_MAP)):
                if (reference := source.get(field)) and not reference.get("optional"):
                    yield kind, reference["name"], None, None


def _peer_pod_problem(objects: Objects, pod: Manifest) -> str | None:
    settings = objects.get(CONFIG_MAP, "peer-pods-cm", OSC_NAMESPACE)
    if settings is None:
        return (
            f'configmap "peer-pods-cm" not found in {OSC_NAMESPACE}: the cloud API adaptor cannot start a VM'
        )
    data = map_in(settings, "data")
    default = data.get("AZURE_INSTANCE_SIZE", "")
    size = annotation(pod, f"{HYPERVISOR}.machine_type") or default
    allowed = [part for part in data.get("AZURE_INSTANCE_SIZES", "").split(",") if part] or [default]
    if size not in allowed:
        return f'requested instance type ("{size}") is not part of supported instance types list: {", ".join(allowed)}'
    confidential = bool(re.match(r"Standard_(DC|EC|NCC)", size, re.IGNORECASE))
    if data.get("DISABLECVM") == "false" and not confidential:
        return f"Azure answers 400: the VM size {size} does not support security type ConfidentialVM"
    if problem := _capacity_problem(objects, pod, int(data.get("PEERPODS_LIMIT_PER_NODE") or 10)):
        return problem
    image = objects.get(CONFIG_MAP, "azure-podvm-image-cm", OSC_NAMESPACE) or {}
    made_here = at(image, ("data", "CONFIDENTIAL_COMPUTE_ENABLED")) is not None
    if (
        data.get("DISABLECVM") == "false"
        and made_here
        and at(image, ("data", "CONFIDENTIAL_COMPUTE_ENABLED")) != "yes"
    ):
        return (
            "the pod VM image was made before osc-feature-gates asked for confidential ones; "
            "create that ConfigMap before the KataConfig"
        )
    encoded = initdata_of(objects, pod)
    if not encoded:
        return (
            f"no initdata: neither the annotation {HYPERVISOR}.cc_init_data nor INITDATA in peer-pods-cm is set, "
            "so the guest would know no Trustee"
        )
    return initdata.problem(encoded)


def initdata_of(objects: Objects, pod: Manifest) -> str:
    """The pod's own, else the default of peer-pods-cm; empty where there is neither."""
    settings = objects.get(CONFIG_MAP, "peer-pods-cm", OSC_NAMESPACE) or {}
    return annotation(pod, f"{HYPERVISOR}.cc_init_data") or at(settings, ("data", "INITDATA")) or ""


def _capacity_problem(objects: Objects, pod: Manifest, per_node: int) -> str | None:
    """Each worker offers a number of `kata.peerpods.io/vm`. Running pods keep theirs; the others get the rest in the
    order of their names.
    """
    name = pod["metadata"]["name"]
    ahead = [
        other
        for other in objects.all(POD)
        if is_confidential(other)
        and (other.get("status", {}).get("phase") == "Running" or other["metadata"]["name"] < name)
    ]
    workers = sum(
        "node-role.kubernetes.io/worker" in node["metadata"]["labels"] for node in objects.all(NODE)
    )
    if len(ahead) < per_node * workers:
        return None
    return f"0/{workers} nodes are available: {workers} Insufficient kata.peerpods.io/vm (PEERPODS_LIMIT_PER_NODE)"
