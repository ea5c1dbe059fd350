"""How the inputs of a resource relate to the live object: shaped like the inputs, compared, and what forces a replacement.

After `Diff` and `forceNewProperties` of pulumi-kubernetes 4.34: the last known object is cut to the shape of the old inputs
and compared with the new ones; names, and a few fields a kind, cannot be changed in place.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.openshift.defaults import with_data
from sandbox.openshift.kinds import (
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    ObjectKind,
)
from sandbox.openshift.objects import Manifest
from sandbox.provider import UNKNOWN
from sandbox.shapes import is_list, is_map, map_in

_READ_ONLY = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
    "ownerReferences",
    "finalizers",
)
_FORCE_NEW: dict[ObjectKind, tuple[str, ...]] = {
    DEPLOYMENT: ("spec.selector",),
    DAEMON_SET: ("spec.selector",),
    JOB: ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    SERVICE: ("spec.clusterIP",),
    ROLE_BINDING: ("roleRef",),
    CLUSTER_ROLE_BINDING: ("roleRef",),
    SECRET: ("type",),
}
_IDENTITY = ("metadata.name", "metadata.namespace")


def has_unknowns(value: Any) -> bool:
    if is_map(value):
        return any(has_unknowns(item) for item in value.values())
    if is_list(value):
        return any(has_unknowns(item) for item in value)
    return value == UNKNOWN


def manifest_of(kind: ObjectKind, inputs: Mapping[str, Any]) -> Manifest:
    """The manifest that inputs stand for. A Secret's `stringData` becomes `data` unless it holds something unknown."""
    manifest: Manifest = {"apiVersion": kind.api_version, "kind": kind.kind, **_without_nulls(inputs)}
    metadata = manifest.get("metadata")
    if kind.namespaced and is_map(metadata):
        manifest["metadata"] = {"namespace": "default", **metadata}
    if kind is SECRET and not has_unknowns(manifest):
        return with_data(manifest)
    return manifest


def _without_nulls(value: Any) -> Any:
    if is_map(value):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if is_list(value) else value


def shaped(live: Any, like: Any) -> Any:
    """`live` cut down to the fields that `like` has; lists item by item."""
    if is_map(live) and is_map(like):
        return {key: shaped(live[key], like[key]) for key in like if key in live}
    if is_list(live) and is_list(like):
        return [shaped(item, like[index]) if index < len(like) else item for index, item in enumerate(live)]
    return live


def read_inputs(kind: ObjectKind, live: Manifest, inputs: Mapping[str, Any]) -> Manifest:
    """The inputs that a refresh finds; all that could be inputs where none are known yet."""
    if not inputs:
        metadata = {key: value for key, value in live["metadata"].items() if key not in _READ_ONLY}
        return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}
    found = shaped(live, inputs)
    if kind is SECRET and inputs.get("stringData"):
        data = map_in(live, "data")
        plain = {key: _decoded(data[key]) for key in inputs["stringData"] if key in data}
        found["stringData"] = plain
    return found


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode(errors="replace")


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Property paths as Pulumi writes them, for example `spec.containers[0].image` and `metadata.labels["a/b"]`."""
    if old == new:
        return
    if is_map(old) and is_map(new):
        for key in sorted({**old, **new}):
            plain = re.fullmatch(r"[A-Za-z_]\w*", key)
            step = (f".{key}" if path else key) if plain else f'["{key}"]'
            if key in old and key in new:
                yield from differences(old[key], new[key], path + step)
            else:
                yield path + step
    elif is_list(old) and is_list(new) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{index}]")
    else:
        yield path


def forces_replacement(
    kind: ObjectKind, path: str, inputs: Mapping[str, Any], provider: Mapping[str, Any], patch: bool
) -> bool:
    """`provider` holds the provider's own inputs: without `enableConfigMapMutable` a ConfigMap's data cannot change."""
    fields = _IDENTITY if patch else (*_IDENTITY, *_FORCE_NEW.get(kind, ()))
    if (
        not patch
        and kind is CONFIG_MAP
        and (inputs.get("immutable") or not is_set(provider, "enableConfigMapMutable"))
    ):
        fields += ("data", "binaryData")
    if (
        not patch
        and kind is SECRET
        and (inputs.get("immutable") or not is_set(provider, "enableSecretMutable"))
    ):
        fields += ("data", "stringData")
    return any(path == field or path.startswith((f"{field}.", f"{field}[")) for field in fields)


def is_set(provider: Mapping[str, Any], option: str) -> bool:
    return str(provider.get(option, "")).lower() == "true"
