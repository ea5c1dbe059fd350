"""What a container of a workload may set: all that the policy can pin, or that decides nothing inside the guest.

Fields are those of core/v1 Container (Kubernetes 1.34). A field that is not listed is refused, also one of a later version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from model.workloads import images
from model.workloads.checks import (
    Check,
    Refusal,
    anything,
    fields,
    flag,
    group,
    identity,
    only,
    seccomp,
    text,
)
from model.workloads.problems import Field

_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
_FROM_CLUSTER: Final = (
    "takes its value from an object that whoever runs the cluster can change, and the policy cannot pin it"
)
_INSTEAD: Final = "write the value, or let the container get it from the KBS after attestation"
FIELD_PATHS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
"""Of the downward API; besides labels and annotations of the pod template."""
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_VARIABLE: Final = re.compile(r"[^=\x00]+")


def check_container(at: Field, *, init: bool, pinned: bool = True) -> None:
    """``pinned``: whether a policy is generated from it, which must know all that is started."""
    allowed = _INIT if init else _CONTAINER
    given = fields(at, allowed, _REFUSED) if pinned else fields(at, {**allowed, **_UNPINNED}, _REFUSED)
    for key, fix in (
        ("name", "give the container a name"),
        ("image", "write its image"),
        (
            "securityContext",
            "write securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}",
        ),
    ):
        if key not in given:
            at.require(key, fix)


def _name(field: Field) -> None:
    if not _NAME.fullmatch(field.text()):
        field.refuse("must be lower-case letters, digits and dashes, at most 63", "rename the container")


def _image(field: Field) -> None:
    try:
        images.parse(field.text())
    except images.BadReference as error:
        field.refuse(str(error), "write the image's full name")


def _texts(field: Field) -> None:
    field.texts()


def _environment(field: Field) -> None:
    seen = set[str]()
    for variable in field.sequence():
        # A value may be a secret that somebody wrote there by mistake, so it is never shown.
        given = fields(
            variable,
            {"name": text, "value": lambda value: None, "valueFrom": _source},
        )
        name = variable.require("name", "give the variable a name")
        if (value := given.get("value")) is not None:
            value.text(show=False)
        if name is None or not isinstance(name.value, str):
            continue
        if not _VARIABLE.fullmatch(name.value):
            name.refuse("must be the name of a variable", "write letters, digits and underscores")
        if name.value in seen:
            name.refuse("must be set once", "remove one of them")
        seen.add(name.value)
        if "value" in given and "valueFrom" in given and given["value"].value:
            variable.refuse("must have a value or a valueFrom, not both", "remove one of them", show=False)


def _source(field: Field) -> None:
    given = fields(
        field,
        {"fieldRef": _field_ref},
        {
            "secretKeyRef": (_FROM_CLUSTER, _INSTEAD),
            "configMapKeyRef": (_FROM_CLUSTER, "write the value"),
            "resourceFieldRef": ("is not known before the pod runs", "write the number"),
            "fileKeyRef": (_FROM_CLUSTER, "write the value"),
        },
    )
    if not any(inner.value for inner in given.values()):
        field.refuse(
            "must say where the value comes from", "write a fieldRef, or a value instead", show=False
        )


def _field_ref(field: Field) -> None:
    fields(field, {"apiVersion": only(("v1",), "leave it out"), "fieldPath": _field_path})
    field.require("fieldPath", "write it, for example fieldPath: metadata.name")


def _field_path(field: Field) -> None:
    value = field.text()
    if value not in FIELD_PATHS and not re.fullmatch(r"metadata\.(labels|annotations)\['[^']+'\]", value):
        field.refuse(
            "is nothing that the policy has a pattern for",
            f"use one of {', '.join(FIELD_PATHS)} or a label of the template",
        )


def _ports(field: Field) -> None:
    for port in field.sequence():
        if (outside := port.mapping().get("hostPort")) is not None:
            outside.refuse("must not be set: it opens a port of the worker", "remove it, and use a Service")


def _command(field: Field) -> None:
    """Whether it may be executed is what the owner grants: grants."""
    fields(field, {"command": _texts})
    field.require("command", "write it as a list")


_HANDLERS: Final[Mapping[str, Check]] = {"exec": _command, "httpGet": anything, "tcpSocket": anything}
_TIMES: Final = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
)


def _probe(field: Field) -> None:
    fields(field, {**_HANDLERS, "grpc": anything, **dict.fromkeys(_TIMES, anything)})


def _lifecycle(field: Field) -> None:
    def hook(inner: Field) -> None:
        fields(inner, {**_HANDLERS, "sleep": anything})

    fields(
        field,
        {"postStart": hook, "preStop": hook},
        {"stopSignal": ("must not be set: the signal of the image is pinned", "remove it")},
    )


def _resources(field: Field) -> None:
    def amounts(inner: Field) -> None:
        for key, amount in inner.mapping().items():
            if key not in _RESOURCES:
                amount.refuse(
                    "must be cpu, memory or ephemeral-storage: devices and huge pages do not reach a peer pod",
                    "remove it",
                )

    fields(
        field,
        {"requests": amounts, "limits": amounts},
        {"claims": ("must not be used: a device of the host would be handed in", "remove it")},
    )


def _security(field: Field) -> None:
    given = fields(
        field,
        {
            "allowPrivilegeEscalation": only((False,), "write allowPrivilegeEscalation: false"),
            "capabilities": _capabilities,
            "readOnlyRootFilesystem": flag,
            "runAsNonRoot": flag,
            "runAsUser": identity,
            "runAsGroup": group,
            "seccompProfile": seccomp,
            "procMount": only(("Default",), "remove it"),
        },
        {
            "privileged": ("must not be set: such a container can read all others", "remove it"),
            "seLinuxOptions": ("must not be set: the guest ignores it and the worker obeys it", "remove it"),
            "windowsOptions": ("must not be set on Linux", "remove it"),
        },
    )
    for key, example in (("allowPrivilegeEscalation", "false"), ("capabilities", "{drop: [ALL]}")):
        if key not in given:
            field.require(key, f"write {key}: {example}")


def _capabilities(field: Field) -> None:
    fields(
        field,
        {"drop": lambda inner: None},
        {"add": ("must not be used: a confidential container needs no capability", "remove it")},
    )
    drop = field.mapping().get("drop")
    if drop is None or drop.value != ["ALL"]:
        field.refuse("must drop all capabilities", "write capabilities: {drop: [ALL]}")


_CONTAINER: Final[Mapping[str, Check]] = {
    "name": _name,
    "image": _image,
    "imagePullPolicy": anything,
    "command": _texts,
    "args": _texts,
    "workingDir": text,
    "env": _environment,
    "ports": _ports,
    "resources": _resources,
    "volumeMounts": anything,  # with the pod's volumes: volume_rules
    "livenessProbe": _probe,
    "readinessProbe": _probe,
    "startupProbe": _probe,
    "lifecycle": _lifecycle,
    "securityContext": _security,
    "terminationMessagePath": only(("/dev/termination-log",), "remove it"),
    "terminationMessagePolicy": anything,
}
_INIT: Final[Mapping[str, Check]] = {
    **_CONTAINER,
    "restartPolicy": only(("Always",), "write Always for a sidecar, or remove it"),
}
# What a policy cannot pin, and a profile, which pins nothing, need not.
_UNPINNED: Final[Mapping[str, Check]] = {
    **dict.fromkeys(("env", "envFrom"), anything),
    **dict.fromkeys(("stdin", "stdinOnce", "tty"), flag),
}
_REFUSED: Final[Mapping[str, Refusal]] = {
    "envFrom": (
        "takes variables from an object that whoever runs the cluster can change, and the policy cannot pin them",
        "write each variable under env",
    ),
    "stdin": ("must not be set: the host could type into the container", "remove it"),
    "stdinOnce": ("must not be set: the host could type into the container", "remove it"),
    "tty": ("must not be set: the host could read and type on the terminal", "remove it"),
    "volumeDevices": ("cannot reach a peer pod: block devices are not attached", "use an emptyDir"),
}
