"""Server-side apply, reduced to what the program meets: everyone owns the fields they last set, lists are one field each.

Source of the rules: https://kubernetes.io/docs/reference/using-api/server-side-apply/ ("Conflicts", "Field management").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.openshift.objects import Manifest
from sandbox.shapes import is_map

Path = tuple[str, ...]
_IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp", "managedFields")


def leaves(value: Any, prefix: Path = ()) -> dict[Path, Any]:
    """Every field that can be owned, with its value. Lists and empty maps are fields; status and identity are not."""
    if not is_map(value) or not value:
        return {} if prefix in _IDENTITY or not prefix else {prefix: value}
    found: dict[Path, Any] = {}
    for key, item in value.items():
        path = (*prefix, key)
        if path == ("status",) or (prefix == ("metadata",) and key in _SERVER):
            continue
        found.update(leaves(item, path))
    return found


def at(manifest: Manifest, path: Iterable[str]) -> Any:
    """The value of a field; None where there is none."""
    value: Any = manifest
    for key in path:
        if not is_map(value) or key not in value:
            return None
        value = value[key]
    return value


def conflicts(live: Manifest, wanted: Manifest, others: Mapping[Path, str]) -> list[str]:
    """Fields of `wanted` that somebody else set to another value, as the API server lists them."""
    return [
        f'conflict with "{others[path]}": .{".".join(path)}'
        for path, value in leaves(wanted).items()
        if path in others and at(live, path) != value
    ]


def merge(live: Manifest, before: Manifest | None, wanted: Manifest, others: Mapping[Path, str]) -> Manifest:
    """`live` with the fields of `wanted`; fields of `before` that are no longer wanted go unless someone else owns them."""
    keep = leaves(wanted)
    result = live
    for path in leaves(before or {}):
        if path not in keep and path not in others:
            result = _without(result, path)
    return overlaid(result, wanted)


def overlaid(below: Any, above: Any) -> Any:
    if not (is_map(below) and is_map(above)):
        return above
    return {**below, **{key: overlaid(below.get(key), value) for key, value in above.items()}}


def _without(value: Any, path: Path) -> Any:
    if not is_map(value) or path[0] not in value:
        return value
    rest = {key: item for key, item in value.items() if key != path[0]}
    if len(path) == 1:
        return rest
    child = _without(value[path[0]], path[1:])
    return {**value, path[0]: child} if child else rest


def changed(before: Manifest, after: Manifest) -> set[Path]:
    """Fields that differ between two states of an object."""
    old, new = leaves(before), leaves(after)
    return {
        path for path in {**old, **new} if old.get(path) != new.get(path) or (path in old) != (path in new)
    }
