"""What the API server refuses in the content of the built-in kinds and of Routes: a rule is a generator of its sentences.

Source: `k8s.io/kubernetes/pkg/apis/*/validation` and `openshift/api` route validation; only the rules that a program of
this size can break.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import (
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    ROLE_BINDING,
    ROUTE,
    RUNTIME_CLASS,
    SECRET,
    SERVICE,
    ObjectKind,
)
from sandbox.openshift.metadata_rules import label_problem, label_value_problems, subdomain_problem
from sandbox.openshift.objects import Manifest
from sandbox.shapes import list_in, map_in

DATA_BYTES = 1024 * 1024
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_TYPE_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
}


def problems(kind: ObjectKind, manifest: Manifest) -> Iterator[str]:
    if rule := _RULES.get(kind):
        yield from rule(manifest)


def immutable_problems(kind: ObjectKind, live: Manifest, wanted: Manifest) -> Iterator[str]:
    """Fields that the API server never lets anyone change."""
    for path in _IMMUTABLE.get(kind, ()):
        if at(live, path) != at(wanted, path):
            yield f"{'.'.join(path)}: Invalid value: {json.dumps(at(wanted, path))[:200]}: field is immutable"
    if kind in (CONFIG_MAP, SECRET) and live.get("immutable"):
        for name in ("data", "binaryData", "immutable"):
            if live.get(name) != wanted.get(name):
                yield f"{name}: Forbidden: field is immutable when `immutable` is set"


_IMMUTABLE: dict[ObjectKind, tuple[tuple[str, ...], ...]] = {
    DEPLOYMENT: (("spec", "selector"),),
    DAEMON_SET: (("spec", "selector"),),
    JOB: (("spec", "template"), ("spec", "completions"), ("spec", "selector")),
    SECRET: (("type",),),
    ROLE_BINDING: (("roleRef",),),
    CLUSTER_ROLE_BINDING: (("roleRef",),),
    RUNTIME_CLASS: (("handler",),),
}


def _config_map(manifest: Manifest) -> Iterator[str]:
    data, binary = map_in(manifest, "data"), map_in(manifest, "binaryData")
    yield from _data_keys("data", data)
    if sum(len(value.encode()) for value in data.values()) + sum(map(len, binary.values())) > DATA_BYTES:
        yield f"[]: Too long: must have at most {DATA_BYTES} bytes"


def _secret(manifest: Manifest) -> Iterator[str]:
    data = map_in(manifest, "data")
    yield from _data_keys("data", data)
    size = 0
    for key, value in data.items():
        try:
            size += len(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            yield f"data[{key}]: Invalid value: illegal base64 data; use stringData for plain text"
    if size > DATA_BYTES:
        yield f"data: Too long: must have at most {DATA_BYTES} bytes"
    for key in _TYPE_KEYS.get(manifest.get("type", ""), ()):
        if key not in data:
            yield f"data[{key}]: Required value"


def _data_keys(where: str, data: dict[str, Any]) -> Iterator[str]:
    for key in data:
        if not _DATA_KEY.fullmatch(key) or key in (".", ".."):
            yield f"{where}[{key}]: Invalid value: a valid config key must consist of alphanumeric characters, '-', '_' or '.'"


def _deployment(manifest: Manifest) -> Iterator[str]:
    spec = map_in(manifest, "spec")
    wanted: dict[str, str] = at(spec, ("selector", "matchLabels")) or {}
    labels: dict[str, str] = at(spec, ("template", "metadata", "labels")) or {}
    if not wanted and not at(spec, ("selector", "matchExpressions")):
        yield "spec.selector: Required value"
    elif any(labels.get(key) != value for key, value in wanted.items()):
        yield f"spec.template.metadata.labels: Invalid value: {json.dumps(labels)}: `selector` does not match template `labels`"
    yield from _template(spec)


def _job(manifest: Manifest) -> Iterator[str]:
    spec = map_in(manifest, "spec")
    if at(spec, ("template", "spec", "restartPolicy")) not in ("OnFailure", "Never"):
        yield 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
    yield from _template(spec)


def _template(spec: Manifest) -> Iterator[str]:
    where = "spec.template.spec"
    yield from label_value_problems(
        "spec.template.metadata.labels", at(spec, ("template", "metadata", "labels")) or {}
    )
    pod: Manifest = at(spec, ("template", "spec")) or {}
    volumes = [volume["name"] for volume in list_in(pod, "volumes")]
    for name in volumes:
        if problem := label_problem(name):
            yield f'{where}.volumes[{volumes.index(name)}].name: Invalid value: "{name}": {problem}'
        if volumes.count(name) > 1:
            yield f'{where}.volumes: Duplicate value: "{name}"'
    if not pod.get("containers"):
        yield f"{where}.containers: Required value"
    names: list[str] = []
    for group in ("initContainers", "containers"):
        for index, container in enumerate(list_in(pod, group)):
            names.append(container.get("name", ""))
            yield from _container(f"{where}.{group}[{index}]", container, volumes)
    for name in {name for name in names if names.count(name) > 1}:
        yield f'{where}.containers: Duplicate value: "{name}"'


def _container(where: str, container: Manifest, volumes: list[str]) -> Iterator[str]:
    if problem := label_problem(container.get("name", "")):
        yield f'{where}.name: Invalid value: "{container.get("name", "")}": {problem}'
    if not container.get("image"):
        yield f"{where}.image: Required value"
    for index, mount in enumerate(list_in(container, "volumeMounts")):
        if mount["name"] not in volumes:
            yield f'{where}.volumeMounts[{index}].name: Not found: "{mount["name"]}"'
    for index, port in enumerate(list_in(container, "ports")):
        if not 0 < port.get("containerPort", 0) < 65536:
            yield f"{where}.ports[{index}].containerPort: Invalid value: must be between 1 and 65535, inclusive"


def _service(manifest: Manifest) -> Iterator[str]:
    spec = map_in(manifest, "spec")
    ports = list_in(spec, "ports")
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield "spec.ports: Required value"
    for index, port in enumerate(ports):
        if not 0 < port.get("port", 0) < 65536:
            yield f"spec.ports[{index}].port: Invalid value: must be between 1 and 65535, inclusive"
        if len(ports) > 1 and not port.get("name"):
            yield f"spec.ports[{index}].name: Required value"


def _route(manifest: Manifest) -> Iterator[str]:
    spec = map_in(manifest, "spec")
    host, tls = spec.get("host"), map_in(spec, "tls")
    if host and (problem := subdomain_problem(host)):
        yield f'spec.host: Invalid value: "{host}": {problem}'
    for part in (host or "").split("."):
        if len(part) > 63:
            yield f'spec.host: Invalid value: "{host}": must be no more than 63 characters between dots'
    if tls.get("termination") == "passthrough":
        if spec.get("path"):
            yield "spec.path: Invalid value: passthrough termination does not support paths"
        if tls.get("key") or tls.get("certificate") or tls.get("caCertificate"):
            yield "spec.tls: Invalid value: passthrough termination does not support certificates"


_RULES: dict[ObjectKind, Callable[[Manifest], Iterator[str]]] = {
    CONFIG_MAP: _config_map,
    SECRET: _secret,
    DEPLOYMENT: _deployment,
    DAEMON_SET: _deployment,
    JOB: _job,
    SERVICE: _service,
    ROUTE: _route,
}
