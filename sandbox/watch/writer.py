"""Writes the effects of reactions through the API server: an object and its status are two requests, and each may be
refused.
"""

from __future__ import annotations

import logging

from sandbox.apiserver import crds
from sandbox.apiserver.client import ApiClient, ApiError
from sandbox.apiserver.paths import path_of, path_to
from sandbox.openshift.kinds import CRD, NAMESPACE, POD, crd_name, is_custom
from sandbox.openshift.objects import Delete, Effect, Manifest, Ref, ref_of
from sandbox.openshift.store import OPERATORS
from sandbox.watch.mirror import Mirror

_log = logging.getLogger(__name__)
_OF_SERVER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")


class Writer:
    def __init__(self, client: ApiClient, mirror: Mirror) -> None:
        self._client = client
        self._mirror = mirror
        self._done: dict[Ref, tuple[Effect, str]] = {}
        """What was last said about an object that is there, and its resourceVersion after that."""
        self._complaints: dict[Ref, str] = {}

    def write(self, effect: Effect) -> bool:
        """Whether it changed anything. Raises ApiError when the server is in trouble; its refusals are logged."""
        ref = effect.ref if isinstance(effect, Delete) else ref_of(effect.object)
        live = self._mirror.at(ref)
        # The server leaves zeros out and adds defaults, so a repeated effect may have been written already.
        if live and self._done.get(ref) == (effect, _version(live)):
            return False
        try:
            if isinstance(effect, Delete):
                changed = self._delete(ref, live)
            elif live is None:
                changed = self._create(ref, effect.object)
            else:
                changed = self._update(ref, live, effect.object)
        except ApiError as error:
            if error.code in (0, 429) or error.code >= 500:
                raise
            changed = self._refused(ref, error)
        self._done[ref] = effect, _version(self._mirror.at(ref))
        if changed:
            _log.info("%s %s", "deleted" if isinstance(effect, Delete) else "wrote", _name(ref))
        return changed

    def _delete(self, ref: Ref, live: Manifest | None) -> bool:
        pod = ref.kind is POD
        if live is None or ("deletionTimestamp" in live["metadata"] and not pod):
            return False
        # A pod on a node stays until its kubelet, which is not there, says that it has ended.
        left = self._client.delete(path_to(ref), grace=0 if pod else None)
        gone = left is None or left["kind"] != ref.kind.kind or (pod and "finalizers" not in left["metadata"])
        if left and not gone:
            self._mirror.put(left)
        else:
            self._mirror.remove(ref, live["metadata"]["uid"])
        return True

    def _create(self, ref: Ref, manifest: Manifest) -> bool:
        home = self._mirror.at(Ref(NAMESPACE, "", ref.namespace)) if ref.kind.namespaced else None
        homeless = ref.kind.namespaced and (home is None or "deletionTimestamp" in home["metadata"])
        # It went in the meantime, or it has no place yet.
        if homeless or "uid" in manifest["metadata"] or not self._mirror.serves(ref.kind):
            return False
        live = self._client.create(path_of(ref.kind, ref.namespace), manifest, manager=OPERATORS)
        self._mirror.put(live)
        if manifest.get("status") and self._status_apart(ref):
            self._put(ref, {**live, "status": manifest["status"]}, "status")
        return True

    def _update(self, ref: Ref, live: Manifest, manifest: Manifest) -> bool:
        before = _version(live)
        apart = self._status_apart(ref)
        if _content(live, with_status=not apart) != _content(manifest, with_status=not apart):
            live = self._put(ref, _on_top_of(live, manifest))
        if apart and (live.get("status") or {}) != (manifest.get("status") or {}):
            live = self._put(ref, {**live, "status": manifest.get("status") or {}}, "status")
        return _version(live) != before

    def _put(self, ref: Ref, manifest: Manifest, subresource: str = "") -> Manifest:
        live = self._client.replace(path_to(ref, subresource), manifest, manager=OPERATORS)
        if "deletionTimestamp" in live["metadata"] and not live["metadata"].get("finalizers"):
            self._mirror.remove(ref, live["metadata"]["uid"])
        else:
            self._mirror.put(live)
        return live

    def _refused(self, ref: Ref, error: ApiError) -> bool:
        """Whether the mirror was out of date, so that the reaction may decide otherwise next time."""
        if error.code in (404, 409):
            live = self._client.find(path_to(ref))
            known = self._mirror.at(ref)
            if live:
                self._mirror.put(live)
            elif known:
                self._mirror.remove(ref, known["metadata"]["uid"])
            return _version(self._mirror.at(ref)) != _version(known)
        if self._complaints.get(ref) != error.message:
            self._complaints[ref] = error.message
            _log.warning("%s: %s", _name(ref), error)
        return False

    def _status_apart(self, ref: Ref) -> bool:
        if not is_custom(ref.kind):
            return True
        crd = self._mirror.at(Ref(CRD, "", crd_name(ref.kind)))
        return crd is not None and crds.has_status(crd, ref.kind.api_version.rpartition("/")[2])


def _content(manifest: Manifest, *, with_status: bool) -> Manifest:
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _OF_SERVER}
    return {
        key: value
        for key, value in manifest.items()
        if key != "metadata" and (with_status or key != "status")
    } | {"metadata": metadata}


def _on_top_of(live: Manifest, manifest: Manifest) -> Manifest:
    """A manifest without a resourceVersion replaces what is there; one made from an older state is a conflict."""
    known = {key: live["metadata"][key] for key in ("resourceVersion", "uid")}
    return {**manifest, "metadata": {**known, **manifest["metadata"]}}


def _version(manifest: Manifest | None) -> str:
    return manifest["metadata"]["resourceVersion"] if manifest else ""


def _name(ref: Ref) -> str:
    return f"{ref.kind.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind.kind} {ref.name}"
