"""What CRI-O starts for a container: the pod's settings and the image's, merged as the kubelet and CRI-O do it.

Sources: kubelet_pods.go (makeEnvironmentVariables), container.go and server/utils.go of CRI-O 1.33.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from model.policy.pins import ContainerPins, MountPins, VolumeKind
from model.workloads import signals
from model.workloads.expansion import Value, escape, expand
from model.workloads.lock import LockedImage
from model.workloads.problems import Field

# The kubelet adds them to each container, with service links or without.
KUBERNETES_VARIABLES: Final = frozenset(
    [
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_SERVICE_PORT",
        "KUBERNETES_SERVICE_PORT_HTTPS",
        "KUBERNETES_PORT",
        *(f"KUBERNETES_PORT_443_TCP{end}" for end in ("", "_PROTO", "_PORT", "_ADDR")),
    ]
)
_ADDRESS: Final = r"[0-9a-fA-F.:]+"
_PATTERNS: Final = {
    "metadata.uid": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "spec.nodeName": "[a-z0-9]([-.a-z0-9]*[a-z0-9])?",
    "status.hostIP": _ADDRESS,
    "status.podIP": _ADDRESS,
    "status.hostIPs": f"{_ADDRESS}(,{_ADDRESS})*",
    "status.podIPs": f"{_ADDRESS}(,{_ADDRESS})*",
}


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What a container's settings depend on besides its own. ``spec`` and ``metadata`` are those of the pod template."""

    holder: str
    holder_name: str
    namespace: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    volumes: Mapping[str, VolumeKind]

    @property
    def security(self) -> Mapping[str, Any]:
        return self.spec.get("securityContext", {})


def container_pins(at: Field, pod: Pod, image: LockedImage, *, init: bool) -> ContainerPins | None:
    """Of a container that passed its rules; None, and problems, where the merged result is not known exactly."""
    before = len(at.problems)
    given: Mapping[str, Any] = at.value
    own = _environment(at, pod)
    arguments = _arguments(at, own, image)
    merged = own | {name: Value(value) for name, value in _of_image(at, image).items() if name not in own}
    try:
        stop_signal = signals.number(image.stop_signal)
    except ValueError as error:
        stop_signal = signals.DEFAULT
        at.mapping()["image"].refuse(
            f"must be an image with a stop signal of Linux: {error}", "correct the image"
        )
    if len(at.problems) > before:
        return None
    security: Mapping[str, Any] = given.get("securityContext", {})
    settings: Mapping[str, Any] = {**pod.security, **security}
    return ContainerPins(
        name=given["name"],
        init=init,
        digest=image.digest,
        arguments=arguments,
        working_directory=given.get("workingDir") or image.working_dir or "/",
        environment=tuple((name, value.text) for name, value in merged.items() if not value.is_pattern),
        environment_patterns=tuple((name, value.text) for name, value in merged.items() if value.is_pattern),
        user=settings.get("runAsUser"),
        group=settings.get("runAsGroup"),
        supplemental_groups=tuple(pod.security.get("supplementalGroups", ())),
        read_only_root=security.get("readOnlyRootFilesystem", False),
        mounts=tuple(_mount(mount, pod) for mount in given.get("volumeMounts", ())),
        stop_signal=stop_signal,
    )


def probe_command(container: Mapping[str, Any], command: tuple[str, ...]) -> tuple[str, ...]:
    """As the kubelet runs it: with the variables as written, values of the downward API being empty (prober.go)."""
    variables = {each["name"]: Value(each.get("value", "")) for each in container.get("env", ())}
    return tuple(expand(argument, variables.get).text for argument in command)


def _arguments(at: Field, own: Mapping[str, Value], image: LockedImage) -> tuple[str, ...]:
    given = at.mapping()
    command = _expanded(given["command"], own) if "command" in given else ()
    args = _expanded(given["args"], own) if "args" in given else ()
    # A command of the pod replaces both of the image's, arguments alone only the image's command (container.go of CRI-O).
    whole = (*command, *args) if command else (*image.entrypoint, *(args or image.command))
    if not whole:
        at.refuse(
            "must have a command, because its image has neither entrypoint nor command",
            "write command",
            show=False,
        )
    return whole


def _expanded(field: Field, variables: Mapping[str, Value]) -> tuple[str, ...]:
    found: list[str] = []
    for element in field.sequence():
        value = expand(element.text(), lambda name, at=element: _lookup(at, variables, name))
        if value.is_pattern:
            element.refuse(
                "must be known exactly, and it refers to a variable that only the cluster knows",
                "let the program read the variable itself",
                show=False,
            )
        found.append(value.text)
    return tuple(found)


def _environment(at: Field, pod: Pod) -> dict[str, Value]:
    """The pod's own variables. Each may refer to those before it."""
    values: dict[str, Value] = {}
    variables = at.mapping().get("env")
    for variable in () if variables is None else variables.sequence():
        given = variable.mapping()
        if (source := given.get("valueFrom")) is not None:
            value = _downward(source.mapping()["fieldRef"].mapping()["fieldPath"], pod)
        elif (written := given.get("value")) is not None:
            value = expand(written.value, lambda name, at=written: _lookup(at, values, name))
        else:
            value = Value("")
        values[given["name"].value] = value
    return values


def _lookup(at: Field, variables: Mapping[str, Value], name: str) -> Value | None:
    if name in variables:
        return variables[name]
    if name in KUBERNETES_VARIABLES:
        at.refuse(
            f"must be known exactly, and {name} is set by the cluster",
            "use the name kubernetes.default.svc, or let the program read the variable itself",
            show=False,
        )
    return None


def _of_image(at: Field, image: LockedImage) -> dict[str, str]:
    """The image's variables; where one comes twice CRI-O keeps the first."""
    values: dict[str, str] = {}
    for entry in image.environment:
        name, equals, value = entry.partition("=")
        if not name or not equals:
            at.mapping()["image"].refuse(
                "must be an image whose variables have a name and a value", "correct the image"
            )
        values.setdefault(name, value)
    return values


def _downward(path: Field, pod: Pod) -> Value:
    """The value of a field of the pod: exact where the manifest says it, else a pattern."""
    name: str = path.value
    if name in _PATTERNS:
        return Value(_PATTERNS[name], is_pattern=True)
    if name == "metadata.name":
        return _pod_name(pod)
    if name == "metadata.namespace":
        return Value(pod.namespace)
    if name == "spec.serviceAccountName":
        return Value(pod.spec.get("serviceAccountName") or "default")
    match = re.fullmatch(r"metadata\.(labels|annotations)\['([^']+)'\]", name)
    assert match is not None  # by the rules of containers
    value = pod.metadata.get(match[1], {}).get(match[2])
    if value is None:
        path.refuse(
            f"must be one of the {match[1]} of the pod template, because others are the cluster's",
            f"add it to metadata.{match[1]} of the template, or write the value",
        )
    return Value(value or "")


def _pod_name(pod: Pod) -> Value:
    if pod.holder == "Pod":
        return Value(pod.holder_name)
    if pod.holder == "StatefulSet":
        return Value(f"{escape(pod.holder_name)}-[0-9]+", is_pattern=True)
    # Controllers cut long names before they add their own part, so only the beginning is certain.
    return Value(f"{escape(pod.holder_name[:40])}[-.a-z0-9]*-[a-z0-9]+", is_pattern=True)


def _mount(mount: Mapping[str, Any], pod: Pod) -> MountPins:
    return MountPins(
        path=mount["mountPath"],
        volume=mount["name"],
        kind=pod.volumes[mount["name"]],
        read_only=mount.get("readOnly", False),
        sub_path=mount.get("subPath", ""),
    )
