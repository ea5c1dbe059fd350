"""A throw-away cluster of somebody else (kind, k3d, minikube ...) in the place of the sandbox's own API server.

SANDBOX_KUBECONFIG names its kubeconfig. Custom resources, namespaces and what operators make are written into that cluster,
so a person is asked first; without a terminal SANDBOX_KUBECONFIG_YES=1 answers. Its nodes get a taint: nothing that
is declared runs; the sandbox only reports it as running. Its own controllers do what they do in the sandbox's clusters.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import ClassVar

from sandbox.apiserver.client import ApiClient, ApiError, Manifest
from sandbox.apiserver.paths import path_of
from sandbox.apiserver.process import Process
from sandbox.apiserver.server import remove_folder, start_watch
from sandbox.openshift.kinds import NODE
from sandbox.provider import Refused
from sandbox.shapes import list_in

VARIABLE, CONSENT = "SANDBOX_KUBECONFIG", "SANDBOX_KUBECONFIG_YES"
TAINT = {"key": "sandbox.example.com/nothing-runs-here", "effect": "NoSchedule"}
OURS = "sandbox.example.com/node"
"""Label of the nodes that have no machine behind them; `sandbox.watch` keeps them alive."""
_MANAGER = "sandbox"


def consent() -> None:
    """Ask, where a person can be asked; the answer also holds for processes that this one starts.

    Raises Refused when the answer is no, or when there is nobody to ask.
    """
    path = os.environ.get(VARIABLE)
    if not path or os.environ.get(CONSENT) == "1":
        return
    server = ApiClient.of(Path(path).read_text()).server
    if not sys.stdin.isatty():
        raise Refused(
            "NotAgreed",
            f"{VARIABLE}={path} means that the sandbox writes into the cluster at {server}, and there is no terminal to ask "
            f"on: set {CONSENT}=1 if that cluster is a throw-away one",
        )
    print(f"{VARIABLE}: custom resources, namespaces and operators of the sandbox go into {server},")
    if input("and nothing new will run on its nodes. Is it a throw-away cluster? [y/N] ").lower() != "y":
        raise Refused("NotAgreed", f"unset {VARIABLE} to have the sandbox start an API server of its own")
    os.environ[CONSENT] = "1"


class External:
    """The cluster of the kubeconfig in `path`, as the sandbox's cluster in `folder`."""

    node_labels: ClassVar = {OURS: ""}

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self._path = path

    @property
    def processes(self) -> dict[str, Process]:
        return {"watch": Process(self.folder, "watch")}

    def client(self) -> ApiClient:
        return ApiClient.of(self.kubeconfig())

    def kubeconfig(self) -> str:
        return self._path.read_text()

    def start(self, *, watch: bool = True) -> None:
        """Raises Refused when nobody agrees, when it serves another cluster of the sandbox, or when it does not answer."""
        consent()
        taken = [path.parent.name for path in self.folder.parent.glob("*/external")]
        if set(taken) - {self.folder.name}:
            raise Refused(
                "ClusterInUse",
                f"{VARIABLE} names one cluster, which is {taken[0]} of the sandbox already: it cannot be {self.folder.name} too",
            )
        if not self.client().ready():
            raise Refused("Unreachable", f"the API server of {self._path} does not answer")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "external").write_text(str(self._path))
        self._taint([TAINT])
        if watch:
            self.start_watch()

    def start_watch(self) -> None:
        start_watch(self.folder, self.kubeconfig())

    def stop(self) -> None:
        self.processes["watch"].stop()

    def remove(self) -> None:
        """Deletes only the nodes: the rest goes when the owner deletes the cluster."""
        self.stop()
        if self.folder.exists():
            try:
                self._taint([])
            except ApiError as error:
                print(f"{error}: its nodes may still have the taint {TAINT['key']}", file=sys.stderr)
        remove_folder(self.folder)

    def _taint(self, ours: list[dict[str, str]]) -> None:
        client = self.client()
        for node in client.get(path_of(NODE))["items"]:
            metadata: Manifest = node["metadata"]
            if OURS in metadata.get("labels", {}):
                if not ours:
                    client.delete(path_of(NODE, name=metadata["name"]))
                continue
            before = list_in(node["spec"], "taints")
            wanted = [taint for taint in before if taint["key"] != TAINT["key"]] + ours
            if wanted != before:
                change = {"spec": {"taints": wanted}}
                client.merge(path_of(NODE, name=metadata["name"]), change, manager=_MANAGER)
