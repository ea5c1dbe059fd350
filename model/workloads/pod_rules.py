"""What the pod template of a workload may set.

Fields are those of core/v1 PodSpec (Kubernetes 1.34). A field that is not listed is refused, also one of a later version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.policy.pins import VolumeKind
from model.workloads.checks import (
    Check,
    Refusal,
    anything,
    fields,
    flag,
    group,
    groups,
    identity,
    only,
    seccomp,
)
from model.workloads.container_rules import check_container
from model.workloads.problems import Field
from model.workloads.volume_rules import check_mounts, volume_kinds

INITDATA: Final = "io.katacontainers.config.hypervisor.cc_init_data"
# Kata, CRI-O, the agent and the cloud API adaptor obey annotations of these families, and CRI-O hands labels on as annotations.
_RESERVED: Final = (
    "io.katacontainers.",
    "io.confidentialcontainers.",
    "io.kubernetes.cri",
    "io.kubernetes.container.",
    "io.container.",
    "cdi.k8s.io/",
    "nerdctl/",
)
# The groups of sysctls that a namespace of the pod holds; others would change the guest (core/v1 Sysctl).
_SYSCTLS: Final = ("net.", "kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
_SHARED: Final = (
    "must not be set: the pod has a machine of its own, and its policy allows namespaces of its own only"
)


def check_pod(template: Field, *, pinned: bool = True) -> dict[str, VolumeKind]:
    """Report all that a pod may not have; the kinds of its volumes by name.

    ``pinned``: whether a policy is generated from it. Without, it runs under a profile, which need not know what is started.
    """
    given = template.mapping()
    if (metadata := given.get("metadata")) is not None:
        _metadata(metadata)
    spec = template.require("spec", "write the pod's specification")
    if spec is None:
        return {}
    inner = fields(spec, _POD, _REFUSED)
    volumes = inner.get("volumes")
    kinds = {} if volumes is None else volume_kinds(volumes)
    _containers(spec, kinds, _names(volumes), pinned=pinned)
    return kinds


def containers(spec: Field) -> list[tuple[Field, bool]]:
    """Each container and whether it is an init container: those first."""
    inner = spec.mapping()
    return [
        (container, key == "initContainers")
        for key in ("initContainers", "containers")
        if key in inner
        for container in inner[key].sequence()
    ]


def _containers(
    spec: Field, kinds: Mapping[str, VolumeKind], volumes: frozenset[str], *, pinned: bool
) -> None:
    found = containers(spec)
    if not any(not init for _, init in found):
        spec.refuse("must have a container", "write it under containers", show=False)
    seen = set[str]()
    for container, init in found:
        check_container(container, init=init, pinned=pinned)
        given = container.mapping() if isinstance(container.value, dict) else {}
        if (name := given.get("name")) is not None and isinstance(name.value, str):
            if name.value in seen:
                name.refuse("must be the name of one container only", "rename one of them")
            seen.add(name.value)
        if (mounts := given.get("volumeMounts")) is not None:
            check_mounts(mounts, kinds, volumes)


def _names(volumes: Field | None) -> frozenset[str]:
    found = [] if volumes is None or not isinstance(volumes.value, list) else volumes.sequence()
    return frozenset(name for volume in found if (name := volume.name()))


def _metadata(metadata: Field) -> None:
    inner = metadata.mapping()
    for family in ("annotations", "labels"):
        if family not in inner:
            continue
        for key, value in inner[family].mapping().items():
            value.text()
            if key == INITDATA:
                value.refuse(
                    "must not be set: the initdata of a workload comes from the hub", "remove it", show=False
                )
            elif key.startswith(_RESERVED):
                value.refuse("must not be set: it steers the runtime or the agent", "remove it", show=False)


def _security(field: Field) -> None:
    fields(
        field,
        {
            "runAsUser": identity,
            "runAsGroup": group,
            "runAsNonRoot": flag,
            "fsGroup": group,
            "fsGroupChangePolicy": anything,
            "supplementalGroups": groups,
            "seccompProfile": seccomp,
            "sysctls": _sysctls,
        },
        {
            "seLinuxOptions": ("must not be set: the guest ignores it and the worker obeys it", "remove it"),
            "windowsOptions": ("must not be set on Linux", "remove it"),
        },
    )


def _sysctls(field: Field) -> None:
    seen = set[str]()
    for sysctl in field.sequence():
        given = fields(sysctl, {"name": lambda name: None, "value": lambda value: None})
        name = sysctl.require("name", "write its name, for example net.core.somaxconn")
        if sysctl.require("value", "write its value in quotes") is not None:
            given["value"].text()
        if name is None or not name.text():
            continue
        if not name.value.startswith(_SYSCTLS):
            name.refuse("must be one that belongs to the pod and not to the whole guest", "remove it")
        if name.value in seen:
            name.refuse("must be set once", "remove one of them")
        seen.add(name.value)


_POD: Final[Mapping[str, Check]] = {
    "containers": anything,  # _containers
    "initContainers": anything,
    "volumes": anything,
    "securityContext": _security,
    "restartPolicy": anything,
    "terminationGracePeriodSeconds": anything,
    "activeDeadlineSeconds": anything,
    "dnsPolicy": only(("ClusterFirst", "Default", "None"), "remove it"),
    "dnsConfig": anything,
    "hostAliases": anything,
    "hostname": anything,
    "subdomain": anything,
    "nodeSelector": anything,
    "affinity": anything,
    "tolerations": anything,
    "topologySpreadConstraints": anything,
    "priorityClassName": anything,
    "preemptionPolicy": anything,
    "schedulerName": anything,
    "readinessGates": anything,
    "imagePullSecrets": anything,
    "serviceAccountName": anything,
}
_REFUSED: Final[Mapping[str, Refusal]] = {
    "hostNetwork": (_SHARED, "remove it"),
    "hostPID": (_SHARED, "remove it"),
    "hostIPC": (_SHARED, "remove it"),
    "shareProcessNamespace": (
        "must not be set: containers could then read each other's memory",
        "remove it",
    ),
    "runtimeClassName": ("must not be set: it is added for you", "remove it"),
    "ephemeralContainers": ("must not be set: the policy lets no other container in", "remove it"),
    "automountServiceAccountToken": (
        "must not be true: the token is a file that the host writes, and it opens the cluster's API to the pod",
        "remove it; credentials for other services come from the KBS",
    ),
    "enableServiceLinks": (
        "must not be true: it adds variables whose names the cluster chooses, which the policy cannot pin",
        "remove it, and use the DNS names of services",
    ),
}
