"""A copy of a cluster's objects that follows the API server: list, then watch, a thread a kind."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from threading import Event, RLock, Thread

from sandbox.apiserver import crds
from sandbox.apiserver.client import ApiClient, ApiError
from sandbox.apiserver.paths import path_of
from sandbox.openshift.kinds import CRD, ObjectKind, crd_name, is_custom
from sandbox.openshift.objects import Manifest, Objects, Ref, ref_of

_log = logging.getLogger(__name__)


class Mirror:
    """`changed` is set with every change that the API server tells of."""

    def __init__(self, client: ApiClient, kinds: Iterable[ObjectKind]) -> None:
        self.changed = Event()
        self._client = client
        self._kinds = tuple(kinds)
        self._objects = Objects()
        self._gone: set[str] = set()
        self._listed: set[ObjectKind] = set()
        self._lock = RLock()

    def start(self, stop: Event) -> None:
        """Returns when all that is served now has been read; goes on in the background until `stop`."""
        for kind in self._kinds:
            Thread(target=self._follow, args=(kind, stop), name=kind.resource, daemon=True).start()
        while not stop.wait(0.05):
            if CRD in self._listed and all(kind in self._listed for kind in self._kinds if self.serves(kind)):
                return

    def view(self) -> Objects:
        """The objects as they are now; later changes do not show in it."""
        with self._lock:
            return Objects(self._objects)

    def at(self, ref: Ref) -> Manifest | None:
        with self._lock:
            return self._objects.at(ref)

    def serves(self, kind: ObjectKind) -> bool:
        if not is_custom(kind):
            return True
        crd = self.at(Ref(CRD, "", crd_name(kind)))
        return crd is not None and crds.is_established(crd)

    def put(self, manifest: Manifest) -> None:
        """The newest version of an object wins, from whichever thread it comes; older news about a deleted object is
        ignored.
        """
        manifest["metadata"].pop("managedFields", None)
        with self._lock:
            if manifest["metadata"].get("uid") in self._gone:
                return
            known = self._objects.at(ref_of(manifest))
            if known is None or _version(known) < _version(manifest):
                self._objects.set(manifest)

    def remove(self, ref: Ref, uid: str) -> None:
        """Unless another object has the name by now."""
        with self._lock:
            self._gone.add(uid)
            known = self._objects.at(ref)
            if known and known["metadata"]["uid"] == uid:
                self._objects.remove(ref)

    def _follow(self, kind: ObjectKind, stop: Event) -> None:
        path = path_of(kind)
        while not stop.is_set():
            if not self.serves(kind):
                stop.wait(0.2)
                continue
            try:
                version = self._list(kind, path)
                for event, manifest in self._client.watch(path, version):
                    self._take(event, manifest)
            except ApiError as error:
                if error.code != 410:
                    _log.info("watching %s: %s", kind.resource, error)
                    stop.wait(1)
            except Exception:
                _log.exception("watching %s", kind.resource)
                stop.wait(1)

    def _list(self, kind: ObjectKind, path: str) -> str:
        answer = self._client.get(path)
        found = [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in answer["items"]]
        with self._lock:
            there = {ref_of(item) for item in found}
            for known in self._objects.all(kind):
                if ref_of(known) not in there:
                    self.remove(ref_of(known), known["metadata"]["uid"])
            for item in found:
                self.put(item)
            self._listed.add(kind)
        self.changed.set()
        return answer["metadata"]["resourceVersion"]

    def _take(self, event: str, manifest: Manifest) -> None:
        if event == "BOOKMARK":
            return
        if event == "DELETED":
            self.remove(ref_of(manifest), manifest["metadata"]["uid"])
        else:
            self.put(manifest)
        self.changed.set()


def _version(manifest: Manifest) -> int:
    return int(manifest["metadata"]["resourceVersion"])
