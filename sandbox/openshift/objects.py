"""Kubernetes objects as plain manifests, and what a reaction may say about them.

A manifest is never changed in place: a reaction builds a new one around what stays (`{**live, "status": ...}`) and
returns `Put`. So reactions have no side effects, and "nothing to do" is a comparison.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sandbox.openshift.kinds import EVENT, KINDS, NAMESPACE, ObjectKind
from sandbox.shapes import is_list, is_map, map_in

Manifest = dict[str, Any]


class Ref(NamedTuple):
    kind: ObjectKind
    namespace: str
    name: str


@dataclass(frozen=True)
class Put:
    """The object shall be exactly this, status included; it may exist already."""

    object: Manifest


@dataclass(frozen=True)
class Delete:
    ref: Ref


Effect = Put | Delete


def kind_of(manifest: Manifest) -> ObjectKind:
    return KINDS[manifest["apiVersion"], manifest["kind"]]


def ref_of(manifest: Manifest) -> Ref:
    kind, metadata = kind_of(manifest), manifest["metadata"]
    return Ref(kind, metadata.get("namespace", "") if kind.namespaced else "", metadata["name"])


class Objects:
    """The objects of a cluster, by kind; on its own a cluster in memory without an API server's rules."""

    def __init__(self, manifests: Iterable[Manifest] = ()) -> None:
        self._by_kind: dict[ObjectKind, dict[tuple[str, str], Manifest]] = {}
        for manifest in manifests:
            self.set(manifest)

    def __iter__(self) -> Iterator[Manifest]:
        for manifests in self._by_kind.values():
            yield from manifests.values()

    def all(self, kind: ObjectKind, namespace: str | None = None) -> list[Manifest]:
        items = self._by_kind.get(kind, {}).items()
        return [manifest for (space, _), manifest in items if namespace is None or space == namespace]

    def get(self, kind: ObjectKind, name: str, namespace: str = "") -> Manifest | None:
        return self._by_kind.get(kind, {}).get((namespace, name))

    def at(self, ref: Ref) -> Manifest | None:
        return self.get(ref.kind, ref.name, ref.namespace)

    def set(self, manifest: Manifest) -> None:
        kind, namespace, name = ref_of(manifest)
        self._by_kind.setdefault(kind, {})[namespace, name] = manifest

    def remove(self, ref: Ref) -> None:
        self._by_kind.get(ref.kind, {}).pop((ref.namespace, ref.name), None)

    def apply(self, effect: Effect) -> bool:
        """Whether it changed anything."""
        if isinstance(effect, Delete):
            present = self.at(effect.ref) is not None
            self.remove(effect.ref)
            return present
        changed = self.at(ref_of(effect.object)) != effect.object
        self.set(effect.object)
        return changed


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new(
    kind: ObjectKind,
    name: str,
    namespace: str = "",
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: Manifest | None = None,
    **content: Any,
) -> Manifest:
    metadata: Manifest = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    if owner:
        metadata["ownerReferences"] = [owner_reference(owner)]
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **content}


def owner_reference(owner: Manifest) -> Manifest:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"].get("uid", ""),
        "controller": True,
    }


def owned_by(manifest: Manifest, owner: Manifest) -> bool:
    return owner_reference(owner) in manifest["metadata"].get("ownerReferences", [])


def with_status(live: Manifest, **fields: Any) -> Manifest:
    return {**live, "status": {**live.get("status", {}), **fields}}


def with_annotations(live: Manifest, annotations: Mapping[str, str]) -> Manifest:
    metadata = live["metadata"]
    return {
        **live,
        "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **annotations}},
    }


def ensure(objects: Objects, manifest: Manifest) -> list[Effect]:
    """Create it where it is missing; what is there stays as it is."""
    return [] if objects.at(ref_of(manifest)) else [Put(manifest)]


def overlay(objects: Objects, manifest: Manifest) -> list[Effect]:
    """Create it, or bring the top-level fields that it names (metadata apart) to what it says."""
    live = objects.at(ref_of(manifest))
    if live is None:
        return [Put(manifest)]
    content = {key: value for key, value in manifest.items() if key != "metadata"}
    return [] if covers(live, content) else [Put({**live, **content})]


def covers(live: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is there; an API server adds defaults of its own."""
    if is_map(live) and is_map(wanted):
        return all(key in live and covers(live[key], value) for key, value in wanted.items())
    if is_list(live) and is_list(wanted):
        return len(live) == len(wanted) and all(map(covers, live, wanted))
    return live == wanted


def put_changed(live: Manifest, wanted: Manifest) -> list[Effect]:
    return [] if live == wanted else [Put(wanted)]


def annotation(manifest: Manifest, name: str) -> str | None:
    return map_in(manifest["metadata"], "annotations").get(name)


def conditions(live: Manifest, *wanted: tuple[str, bool, str, str]) -> list[Manifest]:
    """The conditions of `live` with those given as (type, status, reason, message); a time moves only with its status."""
    result = {condition["type"]: condition for condition in live.get("status", {}).get("conditions", [])}
    for type_, status, reason, message in wanted:
        text = "True" if status else "False"
        before = result.get(type_)
        since = before["lastTransitionTime"] if before and before["status"] == text else now()
        result[type_] = {
            "type": type_,
            "status": text,
            "reason": reason,
            "message": message,
            "lastTransitionTime": since,
        }
    return list(result.values())


def condition(manifest: Manifest, type_: str) -> str | None:
    """The status of a condition: "True", "False", "Unknown", or None where it is not there."""
    for item in manifest.get("status", {}).get("conditions", []):
        if item["type"] == type_:
            return item["status"]
    return None


def report(objects: Objects, about: Manifest, source: str, reason: str, message: str | None) -> list[Effect]:
    """The one Event that `source` has about an object, as `oc describe` shows it; none where there is no message."""
    kind, namespace, name = ref_of(about)
    event = Ref(EVENT, namespace or "default", f"{name}.{short_hash(kind.kind, source)}")
    if message is None:
        return [Delete(event)] if objects.at(event) else []
    live = objects.at(event)
    if live and live["message"] == message:
        return []
    involved = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": name,
        "namespace": namespace,
    }
    content: Manifest = {"involvedObject": involved, "type": "Warning", "reason": reason, "message": message}
    return [
        Put(
            new(
                EVENT,
                event.name,
                event.namespace,
                source={"component": source},
                lastTimestamp=now(),
                **content,
            )
        )
    ]


def events_about(objects: Objects, about: Manifest) -> list[str]:
    kind, namespace, name = ref_of(about)
    return [
        f"{event['reason']}: {event['message']}"
        for event in objects.all(EVENT)
        if (event["involvedObject"]["kind"], event["involvedObject"]["name"]) == (kind.kind, name)
        and event["involvedObject"].get("namespace", "") == namespace
    ]


def dependents(objects: Objects, ref: Ref, uid: str) -> list[Ref]:
    """What goes with an object: what it owns, what is in it when it is a namespace, and the events about it."""
    if ref.kind is EVENT:
        return []
    about = (ref.kind.kind, ref.name, ref.namespace)

    def depends(manifest: Manifest) -> bool:
        metadata = manifest["metadata"]
        if ref.kind is NAMESPACE and metadata.get("namespace") == ref.name:
            return True
        if any(owner.get("uid") == uid for owner in metadata.get("ownerReferences", ())):
            return True
        involved = manifest.get("involvedObject")
        return bool(involved) and about == (involved["kind"], involved["name"], involved.get("namespace", ""))

    return [ref_of(manifest) for manifest in objects if depends(manifest)]


def blocking(objects: Objects, uid: str) -> list[Ref]:
    """What must be gone before its owner when that is deleted in the foreground."""
    return [
        ref_of(manifest)
        for manifest in objects
        if any(
            owner.get("uid") == uid and owner.get("blockOwnerDeletion")
            for owner in manifest["metadata"].get("ownerReferences", ())
        )
    ]


def short_hash(*parts: str, length: int = 10) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]
