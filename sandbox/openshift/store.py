"""One cluster's API server: takes or refuses manifests, keeps them, and lets the operators react before it answers.

Who owns a field is decided in `apply`, what is refused in `admission`. After every write the
reactions run until nothing changes any more; then the file is written.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.files import understood
from sandbox.openshift import admission, storage
from sandbox.openshift.apply import Path as FieldPath
from sandbox.openshift.apply import changed, conflicts, leaves, merge
from sandbox.openshift.defaults import defaulted, with_data
from sandbox.openshift.kinds import CRD, KINDS, NAMESPACE, OF_OPERATORS, ObjectKind, crd_name
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    Ref,
    blocking,
    dependents,
    events_about,
    now,
    ref_of,
)
from sandbox.openshift.reactions import settle
from sandbox.openshift.storage import Entry, SecretCipher
from sandbox.provider import Refused

OPERATORS = "cluster-operators"
"""The field manager of everything that reactions write."""
_SERVER = (
    "uid",
    "creationTimestamp",
    "resourceVersion",
    "generation",
    "deletionTimestamp",
    "finalizers",
    "ownerReferences",
)


@dataclass(frozen=True)
class Identity:
    """What is fixed when a cluster is made. `facts` are those of `ClusterFacts`, `uid` is new with every creation."""

    facts: dict[str, str]
    uid: str


class StoredCluster:
    def __init__(self, path: Path, vault: SecretCipher, identity: Identity) -> None:
        self.identity = identity
        self.objects = Objects()
        self._path = path
        self._vault = vault
        self._entries: dict[Ref, Entry] = {}
        self._lines: dict[Ref, str] = {}
        self._revision = 0
        self._written = 0

    @staticmethod
    def load(path: Path, vault: SecretCipher) -> StoredCluster:
        """Raises FileUnusable."""
        with understood(path):
            return StoredCluster._parsed(path, vault)

    @staticmethod
    def _parsed(path: Path, vault: SecretCipher) -> StoredCluster:
        stored = json.loads(path.read_text("utf-8"))
        cluster = StoredCluster(path, vault, Identity(stored["facts"], stored["uid"]))
        cluster._revision = stored["revision"]
        for content in stored["objects"]:
            entry = vault.entry(content)
            cluster._keep(ref_of(entry.object), entry)
            cluster._lines[ref_of(entry.object)] = json.dumps(content)
        cluster._written = path.stat().st_mtime_ns
        return cluster

    def install(self, manifests: Iterable[Manifest]) -> None:
        """What a new cluster comes with."""
        for manifest in manifests:
            self._put(ref_of(manifest), Entry(manifest, OPERATORS))
        self._settle()

    def changed_elsewhere(self) -> bool:
        """Whether another process has written the file since this one did."""
        return self._path.stat().st_mtime_ns != self._written

    def save(self) -> None:
        for ref, entry in self._entries.items():
            if ref not in self._lines:
                self._lines[ref] = self._vault.text(entry)
        head: dict[str, Any] = {
            "uid": self.identity.uid,
            "facts": self.identity.facts,
            "revision": self._revision,
        }
        storage.write(self._path, head, self._lines.values())
        self._written = self._path.stat().st_mtime_ns

    # What a client can ask for

    def get(self, ref: Ref) -> Manifest | None:
        return self.objects.at(ref)

    def applied(self, ref: Ref, manager: str) -> Manifest | None:
        """What a field manager last applied."""
        entry = self._entries.get(ref)
        return entry.applied.get(manager) if entry else None

    def create(self, manifest: Manifest, manager: str) -> Manifest:
        manifest = with_data(manifest)
        ref = self._admissible(manifest)
        if self.objects.at(ref):
            raise Refused("AlreadyExists", f'{ref.kind.resource} "{ref.name}" already exists')
        return self._write(ref, Entry(manifest, manager, {manager: manifest}))

    def apply(
        self, manifest: Manifest, manager: str, *, force: bool = False, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply: sets the named fields, drops those this manager no longer names, creates what is missing."""
        manifest = with_data(manifest)
        ref = ref_of(manifest)
        entry = self._entries.get(ref)
        if entry is None:
            self._admissible(manifest)
            return manifest if dry_run else self._write(ref, Entry(manifest, manager, {manager: manifest}))
        others = self._owned_by_others(entry, manager)
        clashes = [] if force else conflicts(entry.object, manifest, others)
        if clashes:
            count = f"{len(clashes)} conflict{'s' if len(clashes) > 1 else ''}"
            raise Refused("Conflict", f"Apply failed with {count}: {', '.join(clashes)}")
        merged = merge(entry.object, entry.applied.get(manager), manifest, others)
        self._admissible(merged, entry.object)
        if dry_run:
            return merged
        taken = {path: owner for path, owner in entry.taken.items() if path not in leaves(manifest)}
        applied = {**entry.applied, manager: manifest}
        return self._write(
            ref, replace(entry, object=merged, applied=applied, taken=taken if force else entry.taken)
        )

    def relinquish(self, ref: Ref, manager: str) -> None:
        """The fields of a manager go, unless someone else owns them too; the object stays."""
        entry = self._entries.get(ref)
        if entry is None or manager not in entry.applied:
            return
        merged = merge(entry.object, entry.applied[manager], {}, self._owned_by_others(entry, manager))
        applied = {name: manifest for name, manifest in entry.applied.items() if name != manager}
        self._write(ref, replace(entry, object=merged, applied=applied))

    def edit(
        self, ref: Ref, change: Callable[[Manifest], Manifest], manager: str = "kubectl-edit"
    ) -> Manifest:
        """A change by hand, as with `oc edit`."""
        entry = self._entries.get(ref)
        if entry is None:
            raise Refused("NotFound", f'{ref.kind.resource} "{ref.name}" not found')
        wanted = change(entry.object)
        self._admissible(wanted, entry.object)
        return self._write(ref, self._taken_over(entry, wanted, manager))

    def delete(self, ref: Ref, *, foreground: bool = False) -> None:
        """Gone when this returns; Refused while a finalizer holds it. An operator may have made another one since.

        `foreground`: the garbage collector takes its dependents first, before an operator looks at it.
        """
        before = self.objects.at(ref)
        self._remove(ref)
        if foreground and before:
            for dependent in blocking(self.objects, before["metadata"]["uid"]):
                self._remove(dependent)
        self._settle()
        live = self.objects.at(ref)
        if before and live and live["metadata"]["uid"] == before["metadata"]["uid"]:
            why = "; ".join(events_about(self.objects, live)) or "no event says why"
            held = ", ".join(live["metadata"].get("finalizers", []))
            raise Refused(
                "DeletionBlocked",
                f'{ref.kind.kind} "{ref.name}" is marked for deletion, but its finalizer {held} holds it: {why}',
            )

    # What happens inside

    def _admissible(self, manifest: Manifest, live: Manifest | None = None) -> Ref:
        kind = self._known(manifest)
        admission.admit(kind, defaulted(manifest), live, self.objects)
        return ref_of(manifest)

    def _known(self, manifest: Manifest) -> ObjectKind:
        version, kind = manifest["apiVersion"], manifest["kind"]
        known = KINDS.get((version, kind))
        if known is None or (known in OF_OPERATORS and self.objects.get(CRD, crd_name(known)) is None):
            raise Refused("NoMatch", f'no matches for kind "{kind}" in version "{version}"')
        return known

    def _owned_by_others(self, entry: Entry, manager: str) -> dict[FieldPath, str]:
        owners: dict[FieldPath, str] = {}
        if entry.made_by == OPERATORS:
            owners = dict.fromkeys(leaves(entry.object), OPERATORS)
        for name, manifest in entry.applied.items():
            if name != manager:
                owners |= dict.fromkeys(leaves(manifest), name)
            elif entry.made_by == OPERATORS:
                for path in leaves(manifest):
                    owners.pop(path, None)
        return owners | entry.taken

    def _write(self, ref: Ref, entry: Entry) -> Manifest:
        self._put(ref, entry)
        self._settle()
        return self.objects.at(ref) or entry.object

    def _settle(self) -> None:
        settle(self.objects, self._react)
        self.save()

    def _react(self, effect: Effect) -> bool:
        """Write an operator's effect; whether it changed anything. What has no namespace or kind yet waits for it."""
        if isinstance(effect, Delete):
            return self._remove(effect.ref)
        manifest, ref = effect.object, ref_of(effect.object)
        entry = self._entries.get(ref)
        if entry is None:
            homeless = ref.kind.namespaced and self.objects.get(NAMESPACE, ref.namespace) is None
            if homeless or "deletionTimestamp" in manifest["metadata"]:
                return False
            self._put(ref, Entry(manifest, OPERATORS))
            return True
        if entry.object == manifest:
            return False
        if "deletionTimestamp" in manifest["metadata"] and not manifest["metadata"].get("finalizers"):
            return self._remove(ref, finalized=True)
        self._put(ref, self._taken_over(entry, manifest, OPERATORS))
        return True

    def _taken_over(self, entry: Entry, wanted: Manifest, manager: str) -> Entry:
        """Who writes a field of an object that someone else made owns the field from then on."""
        if entry.made_by == manager:
            return replace(entry, object=wanted)
        present = leaves(wanted)
        fresh = {path: manager for path in changed(entry.object, wanted) if path in present}
        return replace(entry, object=wanted, taken={**entry.taken, **fresh})

    def _put(self, ref: Ref, entry: Entry) -> None:
        before = self.objects.at(ref)
        manifest = defaulted(entry.object)
        self._revision += 1
        kept = {key: before["metadata"][key] for key in _SERVER[:4] if before and key in before["metadata"]}
        if before is None:
            kept = {"uid": str(uuid.uuid4()), "creationTimestamp": now(), "generation": 1}
        elif _content(before) != _content(manifest):
            kept["generation"] = kept.get("generation", 1) + 1
        metadata = {**manifest["metadata"], **kept, "resourceVersion": str(self._revision)}
        self._keep(ref, replace(entry, object={**manifest, "metadata": metadata}))

    def _keep(self, ref: Ref, entry: Entry) -> None:
        self._entries[ref] = entry
        self._lines.pop(ref, None)
        self.objects.set(entry.object)

    def _remove(self, ref: Ref, *, finalized: bool = False) -> bool:
        """Mark it where a finalizer holds it, else delete it with what it owns; whether anything changed."""
        entry = self._entries.get(ref)
        if entry is None:
            return False
        metadata = entry.object["metadata"]
        if metadata.get("finalizers") and not finalized:
            if "deletionTimestamp" in metadata:
                return False
            marked = {**entry.object, "metadata": {**metadata, "deletionTimestamp": now()}}
            self._put(ref, replace(entry, object=marked))
            return True
        del self._entries[ref]
        self._lines.pop(ref, None)
        self.objects.remove(ref)
        for dependent in dependents(self.objects, ref, metadata["uid"]):
            self._remove(dependent)
        return True


def _content(manifest: Manifest) -> Manifest:
    return {key: value for key, value in manifest.items() if key not in ("metadata", "status")}
