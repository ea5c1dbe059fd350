"""`OCI.Process`: what CRI-O merges from the pod and the image's configuration (crio server/container_create.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from model.workloads.lock import LockedImage
from sandbox.guest.node import Node, Service
from sandbox.shapes import list_in, map_in

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Capabilities that CRI-O gives where a pod drops none (default_capabilities of crio.conf).
_DEFAULT = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "KILL",
)
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")


def pause() -> dict[str, Any]:
    """Of the sandbox; the agent puts the process of its own pause bundle in its place."""
    return _process(["/pause"], "/", [PATH, "TERM=xterm"], (0, 0, []), capabilities(None), score=-998)


def container(
    pod: Mapping[str, Any], spec: Mapping[str, Any], image: LockedImage, node: Node, score: int
) -> dict[str, Any]:
    security = {**map_in(pod["spec"], "securityContext"), **map_in(spec, "securityContext")}
    known = _pod_variables(pod, spec, node)
    variables = dict(known)
    arguments = [_expand(text, variables) for text in _arguments(spec, image)]
    group = int(security.get("runAsGroup", 0))
    groups = [group, *security.get("supplementalGroups", []), int(security.get("fsGroup", node.fs_group))]
    user = (int(security.get("runAsUser", node.uid)), group, list(dict.fromkeys(groups)))
    return _process(
        arguments,
        spec.get("workingDir") or image.working_dir or "/",
        _environment(pod["metadata"]["name"], known, image.environment),
        user,
        capabilities(security.get("capabilities", {"drop": ["ALL"]})),
        score=score,
        no_new_privileges=not security.get("allowPrivilegeEscalation", False),
        terminal=bool(spec.get("tty")),
    )


def capabilities(wanted: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """The five lists; `wanted` is a container's `capabilities`, None for the defaults."""
    drop = {str(name).upper() for name in list_in(wanted or {}, "drop")}
    kept = [] if "ALL" in drop else [name for name in _DEFAULT if name not in drop]
    kept += [name for name in map(str, list_in(wanted or {}, "add")) if name not in kept]
    full = [f"CAP_{name}" for name in kept]
    return {
        "Ambient": [],
        "Bounding": full,
        "Effective": full,
        "Inheritable": [],
        "Permitted": full,
    }


def _process(
    arguments: list[str],
    directory: str,
    environment: list[str],
    user: tuple[int, int, list[int]],
    capabilities: dict[str, list[str]],
    *,
    score: int,
    no_new_privileges: bool = False,
    terminal: bool = False,
) -> dict[str, Any]:
    return {
        "ApparmorProfile": "",
        "Args": arguments,
        "Capabilities": capabilities,
        "ConsoleSize": None,
        "Cwd": directory,
        "Env": environment,
        "NoNewPrivileges": no_new_privileges,
        "OOMScoreAdj": score,
        "Rlimits": [],
        "SelinuxLabel": "",
        "Terminal": terminal,
        "User": {"AdditionalGids": user[2], "GID": user[1], "UID": user[0], "Username": ""},
    }


def _arguments(spec: Mapping[str, Any], image: LockedImage) -> list[str]:
    """A pod's `command` drops the image's Cmd; its `args` alone keep the image's Entrypoint."""
    command, arguments = list_in(spec, "command"), list_in(spec, "args")
    if command:
        return [*command, *arguments]
    return [*image.entrypoint, *(arguments or image.command)]


def _environment(pod: str, known: list[tuple[str, str]], image: tuple[str, ...]) -> list[str]:
    """In CRI-O's order. Its two first entries are never replaced, so a PATH of the image or the pod comes as a second one."""
    rest = {"HOSTNAME": pod, "NSS_SDB_USE_CACHE": "no"}
    rest.update(known)
    names = {name for name, _ in known}
    for entry in image:
        name, _, value = entry.partition("=")
        if name not in names:
            rest[name] = value
    return [PATH, "TERM=xterm", *(f"{name}={value}" for name, value in rest.items())]


def _pod_variables(pod: Mapping[str, Any], spec: Mapping[str, Any], node: Node) -> list[tuple[str, str]]:
    """The kubelet's: services first in what it expands, the pod's own before them in what it passes on."""
    services = dict(_service_variables(node.kubernetes))
    if pod["spec"].get("enableServiceLinks", True):
        for service in node.services:
            services |= dict(_service_variables(service))
    own: dict[str, str] = {}
    for source in list_in(spec, "envFrom"):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            content = node.files.get((kind, map_in(source, field).get("name", "")), {})
            own |= {source.get("prefix", "") + key: value.decode() for key, value in content.items()}
    for variable in list_in(spec, "env"):
        value = _value(pod, variable, node)
        if value is not None:
            own[variable["name"]] = _expand(value, {**services, **own})
    return list({**own, **{name: value for name, value in services.items() if name not in own}}.items())


def _value(pod: Mapping[str, Any], variable: Mapping[str, Any], node: Node) -> str | None:
    """None where an optional source is missing, and for sources that only a running cluster knows."""
    source = variable.get("valueFrom")
    if not source:
        return variable.get("value", "")
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if reference := source.get(field):
            content = node.files.get((kind, reference["name"]), {}).get(reference["key"])
            return None if content is None else content.decode()
    path = map_in(source, "fieldRef").get("fieldPath", "")
    metadata = pod["metadata"]
    facts = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "status.podIP": node.pod_ip,
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
    }
    return facts.get(path)


def _service_variables(service: Service) -> Iterator[tuple[str, str]]:
    """As the kubelet makes them (kubernetes pkg/kubelet/envvars)."""
    prefix = service.name.upper().replace("-", "_")
    first = service.ports[0]
    yield f"{prefix}_SERVICE_HOST", service.address
    yield f"{prefix}_SERVICE_PORT", str(first[1])
    for name, number, _ in service.ports:
        if name:
            yield f"{prefix}_SERVICE_PORT_{name.upper().replace('-', '_')}", str(number)
    yield f"{prefix}_PORT", f"{first[2].lower()}://{service.address}:{first[1]}"
    for _, number, protocol in service.ports:
        at = f"{prefix}_PORT_{number}_{protocol}"
        yield at, f"{protocol.lower()}://{service.address}:{number}"
        yield f"{at}_PROTO", protocol.lower()
        yield f"{at}_PORT", str(number)
        yield f"{at}_ADDR", service.address


def _expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` becomes the variable's value where there is one; `$$` is one dollar sign."""

    def one(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    return _REFERENCE.sub(one, text)
