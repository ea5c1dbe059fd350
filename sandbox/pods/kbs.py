"""The KBS that the guests of a cluster ask: the real one, on what their hub's cluster holds, begun anew when that changes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

from sandbox.apiserver.client import ApiClient, ApiError, Manifest
from sandbox.apiserver.paths import path_of
from sandbox.engine.errors import SandboxError
from sandbox.guest.real import stand_in
from sandbox.guest.real.stand_in import LocalPod
from sandbox.openshift.kinds import CONFIG_MAP, KBS_CONFIG, ROUTE, SECRET, ObjectKind
from sandbox.openshift.objects import Objects
from sandbox.trustee.mounts import MountError, TrusteeDeployment
from sandbox.trustee.process import free_port, running
from sandbox.trustee.source import DeployedTrustee, deployment_in

_log = logging.getLogger(__name__)
_PAUSE = 2.0
"""Seconds between two looks at the hub."""


class HubKbs:
    """One hub's, as the initdata of pods pins it. `folder` is that of the pods' own cluster; the hub's lies beside it, or is the same.

    It takes sample evidence of the pods that it was told of (`stand_in.opened`), and only in the copy that runs here.
    """

    def __init__(self, folder: Path, url: str, ca: str) -> None:
        self.host, self.port = urlsplit(url).hostname or "", free_port()
        self._folder, self._url, self._ca = folder, url, ca
        self._pods: tuple[LocalPod, ...] = ()
        self._lock = Lock()
        self._news, self._stop = Event(), False
        self._complaint = ""
        self._thread = Thread(target=self._run, name=f"kbs {self.host}")
        self._thread.start()

    def serve(self, pods: tuple[LocalPod, ...]) -> None:
        """From now on it knows these."""
        with self._lock:
            changed, self._pods = pods != self._pods, pods
        if changed:
            self._news.set()

    def close(self) -> None:
        """Nothing of it is left."""
        self._stop = True
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        with ExitStack() as serving:
            shown: DeployedTrustee | None = None
            while not self._stop:
                self._news.clear()
                wanted = self._wanted()
                if wanted != shown:
                    serving.close()
                    shown = wanted if wanted is None or self._begun(serving, wanted) else None
                self._news.wait(_PAUSE)

    def _begun(self, serving: ExitStack, trustee: DeployedTrustee) -> bool:
        log = serving.enter_context((self._folder / "kbs.log").open("ab"))
        try:
            serving.enter_context(running(trustee, port=self.port, log=log, below=self._folder))
        except (SandboxError, MountError) as error:
            serving.close()
            self._complain(f"the KBS of {self.host} does not run: {error}")
            return False
        self._complaint = ""
        _log.info("the KBS of %s serves at 127.0.0.1:%s", self.host, self.port)
        return True

    def _wanted(self) -> DeployedTrustee | None:
        """None where no pod asks, or there is no such hub."""
        with self._lock:
            pods = self._pods
        deployment = self._deployment() if pods else None
        if deployment is None:
            return None
        deployed = DeployedTrustee(deployment=deployment, url=self._url, ca=self._ca, paths=[])
        try:
            return stand_in.opened(deployed, pods)
        except KeyError as error:
            self._complain(f"the Trustee of {self.host} is not complete yet: {error}")
            return None

    def _complain(self, words: str) -> None:
        """Once."""
        if words != self._complaint:
            self._complaint = words
            _log.warning(words)

    def _deployment(self) -> TrusteeDeployment | None:
        for file in sorted(self._folder.parent.glob("*/operators.kubeconfig")):
            with suppress(ApiError, OSError, StopIteration):
                if found := _in(ApiClient.of(file.read_text(), retries=0), self.host):
                    return found
        return None


def _in(client: ApiClient, host: str) -> TrusteeDeployment | None:
    """Of the cluster that has a route for `host`. Raises ApiError, and StopIteration where it leads to no Trustee."""
    route = next((one for one in _listed(client, ROUTE) if _host(one) == host), None)
    if route is None:
        return None
    namespace = route["metadata"]["namespace"]
    found = (one for kind in (KBS_CONFIG, CONFIG_MAP, SECRET) for one in _listed(client, kind, namespace))
    return deployment_in(Objects(found), namespace)


def _host(route: Manifest) -> str:
    ingress = route.get("status", {}).get("ingress") or [{}]
    return route["spec"].get("host") or ingress[0].get("host", "")


def _listed(client: ApiClient, kind: ObjectKind, namespace: str = "") -> Iterator[Manifest]:
    for item in client.get(path_of(kind, namespace))["items"]:
        yield {"apiVersion": kind.api_version, "kind": kind.kind, **item}
