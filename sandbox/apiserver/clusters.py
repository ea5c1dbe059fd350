"""The sandbox's clusters as real API servers, one set of processes each, and what a new one is filled with."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from sandbox.apiserver import crds, external
from sandbox.apiserver.binaries import PROGRAMS
from sandbox.apiserver.client import ApiClient, ApiError, Manifest
from sandbox.apiserver.external import External
from sandbox.apiserver.paths import path_of, path_to
from sandbox.apiserver.server import ServerProcesses, processes_in
from sandbox.openshift import initial
from sandbox.openshift.clusters import ClusterFacts
from sandbox.openshift.kinds import CRD, NODE
from sandbox.openshift.objects import ref_of
from sandbox.provider import Refused

_FACTS = "facts.json"
_MANAGER = "openshift-install"


class ServerClusters:
    """Implements `sandbox.openshift.Clusters`. `root` is the state directory: clusters are in `root`/clusters/<name>."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "clusters"

    def create(self, name: str, facts: ClusterFacts) -> str:
        """Returns when the API server serves all that OpenShift comes with. Raises BuildError and Refused."""
        with self._locked():
            server, known = self.server(name), self.facts(name)
            if known not in (None, asdict(facts)):
                server.remove()
            try:
                server.start(watch=False)
                if known != asdict(facts):
                    _fill(server.client(), facts, server.node_labels)
                    (server.folder / _FACTS).write_text(json.dumps(asdict(facts)))
            except ApiError as error:
                server.stop()
                raise Refused(error.reason, error.message) from error
            except Refused:
                server.stop()
                raise
            server.start_watch()
            return server.kubeconfig()

    def kubeconfig(self, name: str) -> str:
        return self._known(name).kubeconfig()

    def delete(self, name: str) -> None:
        with self._locked():
            self.server(name).remove()

    def server(self, name: str) -> ServerProcesses | External:
        """The server of a cluster; the cluster need not exist."""
        folder = self.directory / name
        elsewhere = os.environ.get(external.VARIABLE)
        return External(folder, Path(elsewhere)) if elsewhere else ServerProcesses(folder)

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self.directory.glob(f"*/{_FACTS}"))

    def prepare(self, say: Callable[[str], None]) -> None:
        """Have what a server needs: a build, of which `say` is told, or where there is a cluster in its place, consent.

        Raises BuildError and Refused.
        """
        if os.environ.get(external.VARIABLE):
            external.consent()
        else:
            PROGRAMS.build(say)

    def start(self) -> None:
        """Every cluster that there is."""
        with self._locked():
            for name in self.names():
                self._known(name).start()

    def stop(self) -> None:
        """Every process below `root`, those of clusters that were never finished included; what is in the clusters stays."""
        with self._locked():
            for folder in self.directory.glob("*/"):
                for process in reversed(processes_in(folder).values()):
                    process.stop()

    def processes(self) -> dict[str, int]:
        """By `<cluster>/<process>`, their ids."""
        found = {
            f"{folder.name}/{name}": process.pid()
            for folder in sorted(self.directory.glob("*/"))
            for name, process in processes_in(folder).items()
        }
        return {name: pid for name, pid in found.items() if pid}

    def _known(self, name: str) -> ServerProcesses | External:
        if self.facts(name) is None:
            raise KeyError(name)
        return self.server(name)

    def facts(self, name: str) -> dict[str, str] | None:
        """Those of a cluster that is there."""
        path = self.directory / name / _FACTS
        return json.loads(path.read_text()) if path.exists() else None

    @contextmanager
    def _locked(self) -> Generator[None, None, None]:
        """One command at a time starts or stops something."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "servers.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _fill(client: ApiClient, facts: ClusterFacts, node_labels: dict[str, str]) -> None:
    definitions = crds.of_openshift()
    crds.install(client, definitions)
    for crd in definitions:
        _await_established(client, crd["metadata"]["name"])
    for manifest in initial.objects(facts):
        if ref_of(manifest).kind is NODE:
            manifest["metadata"]["labels"] |= node_labels
        _put(client, manifest)


def _await_established(client: ApiClient, name: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not crds.is_established(client.get(path_of(CRD, name=name))):
        if time.monotonic() > end:
            raise Refused("NotEstablished", f"the API server does not serve {name} after {seconds} s")
        time.sleep(0.05)


def _put(client: ApiClient, manifest: Manifest) -> None:
    """Also completes a cluster that an interrupted run left incomplete."""
    ref = ref_of(manifest)
    try:
        client.create(path_of(ref.kind, ref.namespace), manifest, manager=_MANAGER)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
    if "status" in manifest:
        client.merge(path_to(ref, "status"), {"status": manifest["status"]}, manager=_MANAGER)
