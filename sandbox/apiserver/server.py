"""The processes of one cluster: etcd, kube-apiserver, the controllers of Kubernetes, and the watch loop.

Everything listens on 127.0.0.1 with TLS, on ports that are chosen when the cluster is made and kept. There is no scheduler
and no kubelet, so nothing that is declared runs, but confidential pods where this machine has the guest's own programs (`guests`).
"""

from __future__ import annotations

import base64
import json
import random
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import yaml

from sandbox.apiserver.binaries import PROGRAMS
from sandbox.apiserver.client import ApiClient, ApiError
from sandbox.apiserver.credentials import ADMIN, OPERATORS, Credentials, write_private
from sandbox.apiserver.process import Process
from sandbox.provider import Refused

_CONTROLLERS = (
    "daemonset-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
)
ORDER = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "olm",
    "cert-manager",
    "trustee-operator",
    "guests",
    "watch",
)
"""They stop in reverse order: `watch` first, which starts the four before it."""
_START_SECONDS = 120


class ServerProcesses:
    """The cluster in `folder`."""

    node_labels: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def processes(self) -> dict[str, Process]:
        return processes_in(self.folder)

    @property
    def credentials(self) -> Credentials:
        return Credentials.of(self.folder)

    @property
    def port(self) -> int:
        return self._ports()["kube-apiserver"]

    def client(self, user: str = OPERATORS) -> ApiClient:
        return ApiClient.of(self.kubeconfig(user))

    def kubeconfig(self, user: str = ADMIN) -> str:
        """YAML; the same text on every call."""
        credentials = self.credentials
        token = credentials.admin_token if user == ADMIN else credentials.operators_token
        cluster = {
            "server": f"https://127.0.0.1:{self.port}",
            "certificate-authority-data": base64.b64encode(credentials.ca.encode()).decode(),
        }
        name = self.folder.name
        content: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": user,
            "clusters": [{"name": name, "cluster": cluster}],
            "contexts": [{"name": user, "context": {"cluster": name, "user": user}}],
            "users": [{"name": user, "user": {"token": token}}],
        }
        return yaml.safe_dump(content, sort_keys=False)

    def start(self, *, watch: bool = True) -> None:
        """Until the API server is ready. Raises BuildError, and Refused when a process does not come up."""
        commands = self._commands(PROGRAMS.build())
        processes = self.processes
        for name in ("etcd", "kube-apiserver"):
            if processes[name].pid() is None:
                self._need_port(name)
                processes[name].start(commands[name])
        self._await_ready()
        processes["kube-controller-manager"].start(commands["kube-controller-manager"])
        if watch:
            self.start_watch()

    def start_watch(self) -> None:
        start_watch(self.folder, self.kubeconfig(OPERATORS))

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()

    def _commands(self, binaries: Path) -> dict[str, list[str]]:
        self.credentials  # noqa: B018 -- writes the files that are named below
        ports, folder = self._ports(), self.folder
        own = folder / "operators.kubeconfig"
        write_private(own, self.kubeconfig(OPERATORS))
        storage = f"https://127.0.0.1:{ports['etcd']}"
        peer = "https://127.0.0.1:0"
        options: dict[str, dict[str, object]] = {
            "etcd": {
                "data-dir": folder / "etcd",
                "listen-client-urls": storage,
                "advertise-client-urls": storage,
                "cert-file": folder / "server.crt",
                "key-file": folder / "server.key",
                "trusted-ca-file": folder / "ca.crt",
                "client-cert-auth": "true",
                "listen-peer-urls": peer,
                "initial-advertise-peer-urls": peer,
                "initial-cluster": f"default={peer}",
                "peer-cert-file": folder / "server.crt",
                "peer-key-file": folder / "server.key",
                "peer-trusted-ca-file": folder / "ca.crt",
                "unsafe-no-fsync": "true",  # a power cut may destroy the cluster, which can be made again
                "log-level": "warn",
            },
            "kube-apiserver": {
                "etcd-servers": storage,
                "etcd-cafile": folder / "ca.crt",
                "etcd-certfile": folder / "server.crt",
                "etcd-keyfile": folder / "server.key",
                "bind-address": "127.0.0.1",
                "secure-port": ports["kube-apiserver"],
                # Only written into the Service `kubernetes`, which nobody uses; loopback is not allowed there.
                "advertise-address": "192.0.2.1",
                "endpoint-reconciler-type": "none",
                "cert-dir": folder,
                "tls-cert-file": folder / "server.crt",
                "tls-private-key-file": folder / "server.key",
                "token-auth-file": folder / "tokens.csv",
                # Every token gives all rights. Whether a service account may do something is checked by the
                # reactions.
                "authorization-mode": "AlwaysAllow",
                "service-cluster-ip-range": "172.30.0.0/16",
                "service-account-issuer": "https://kubernetes.default.svc",
                "service-account-signing-key-file": folder / "service-accounts.key",
                "service-account-key-file": folder / "service-accounts.key",
                "allow-privileged": "true",
                # No controller would remove the taint again.
                "disable-admission-plugins": "TaintNodesByCondition",
                "profiling": "false",
            },
            "kube-controller-manager": {
                "kubeconfig": own,
                "controllers": ",".join(_CONTROLLERS),
                "leader-elect": "false",
                "secure-port": 0,
                "use-service-account-credentials": "false",
                "kube-api-qps": 500,
                "kube-api-burst": 500,
                "profiling": "false",
            },
        }
        return {
            name: [str(binaries / name), *(f"--{option}={value}" for option, value in given.items())]
            for name, given in options.items()
        }

    def _ports(self) -> dict[str, int]:
        """By process; below the range from which systems take the ports of outgoing connections."""
        path = self.folder / "ports.json"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            free = (port for port in random.sample(range(20000, 30000), 1000) if _is_free(port))
            path.write_text(json.dumps({name: next(free) for name in ORDER[:2]}))
        return json.loads(path.read_text())

    def _need_port(self, name: str) -> None:
        port = self._ports()[name]
        if not _is_free(port):
            raise Refused(
                "PortInUse",
                f"port {port} on 127.0.0.1, which belongs to {name} of the sandbox cluster {self.folder.name}, is taken by "
                "another program: end that one, or make the cluster anew",
            )

    def _await_ready(self) -> None:
        client, end = self.client(), time.monotonic() + _START_SECONDS
        processes = [self.processes[name] for name in ("etcd", "kube-apiserver")]
        while time.monotonic() < end:
            dead = next((process for process in processes if process.pid() is None), None)
            if dead:
                raise Refused("ServerNotStarted", f"{dead.name} ended: see {dead.log}\n{dead.last_words()}")
            try:
                if client.ready():
                    return
            except ApiError:
                pass
            time.sleep(0.1)
        raise Refused(
            "ServerNotReady",
            f"the API server is not ready after {_START_SECONDS} s: see {processes[1].log}\n{processes[1].last_words()}",
        )

    def remove(self) -> None:
        self.stop()
        remove_folder(self.folder)


def processes_in(folder: Path) -> dict[str, Process]:
    """Those that a cluster in `folder` has or might have."""
    return {name: Process(folder, name) for name in ORDER}


def start_watch(folder: Path, kubeconfig: str) -> None:
    """The operators of the cluster in `folder`, with a kubeconfig of their own."""
    write_private(folder / "operators.kubeconfig", kubeconfig)
    repository = Path(__file__).parent.parent.parent
    arguments = [sys.executable, "-m", "sandbox.watch", str(folder)]
    Process(folder, "watch").start(arguments, {"PYTHONPATH": str(repository)})


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
