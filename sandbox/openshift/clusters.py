"""The clusters of the sandbox: what a cluster is told about itself, and how its kubeconfig is made.

A token follows from the cluster's identity and a key in the state directory, so a kubeconfig is the same text on every call
and no credential is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import uuid
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Protocol

import yaml

from sandbox.files import understood
from sandbox.openshift import initial
from sandbox.openshift.storage import SecretCipher
from sandbox.openshift.store import Identity, StoredCluster
from sandbox.provider import Refused


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    """What an OpenShift cluster knows about itself and its surroundings. Those in Azure are empty where it is not there."""

    name: str
    apps_domain: str
    api_url: str
    console_url: str
    location: str
    resource_group: str
    """Where the cluster's machines are: on ARO the managed resource group."""
    vnet_resource_group: str
    vnet_name: str
    subnet_name: str
    """The worker subnet."""
    security_group_name: str
    subscription_id: str
    tenant_id: str
    version: str
    infra_id: str

    @property
    def on_azure(self) -> bool:
        return bool(self.subscription_id)


class Clusters(Protocol):
    """What the Azure stand-in needs of the OpenShift stand-in."""

    def create(self, name: str, facts: ClusterFacts) -> str:
        """The kubeconfig (YAML) of the new cluster; of the existing one where name and facts are the same."""
        ...

    def kubeconfig(self, name: str) -> str:
        """Raises KeyError when there is no such cluster."""
        ...

    def delete(self, name: str) -> None:
        """The cluster with everything in it; nothing happens when it is gone already."""
        ...


def self_managed(
    name: str, *, location: str = "", subscription_id: str = "", tenant_id: str = ""
) -> ClusterFacts:
    """Facts of a cluster that `openshift-install` made, for a stack that brings its own kubeconfig; on Azure where it says where."""
    infra_id = f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:5]}"
    domain = f"{name}.sandbox.example.com"
    return ClusterFacts(
        name=name,
        apps_domain=f"apps.{domain}",
        api_url=f"https://api.{domain}:6443/",
        console_url=f"https://console-openshift-console.apps.{domain}/",
        location=location,
        resource_group=f"{infra_id}-rg",
        vnet_resource_group=f"{infra_id}-rg",
        vnet_name=f"{infra_id}-vnet",
        subnet_name=f"{infra_id}-worker-subnet",
        security_group_name=f"{infra_id}-nsg",
        subscription_id=subscription_id,
        tenant_id=tenant_id,
        version="4.20.15",
        infra_id=infra_id,
    )


class StoreClusters:
    """Clusters kept as files in `root`/clusters, one a cluster, and a key beside them; `root` is the state directory."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "clusters"
        self.lock = RLock()
        """Held by whoever reads a cluster and writes it again."""
        self._key: bytes | None = None
        self._open: dict[str, StoredCluster] = {}

    @property
    def key(self) -> bytes:
        """32 random bytes that tokens and the encryption of Secrets follow from; made on first use, for its owner only."""
        if self._key is None:
            path = self.directory / "key"
            if not path.exists():
                self.directory.mkdir(parents=True, exist_ok=True)
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(32))
            with understood(path):
                key = path.read_bytes()
                if len(key) != 32:
                    raise ValueError(path)
            self._key = key
        return self._key

    def create(self, name: str, facts: ClusterFacts) -> str:
        with self.lock:
            if not self._path(name).exists() or self.open(name).identity.facts != asdict(facts):
                cluster = StoredCluster(
                    self._path(name), SecretCipher(self.key), Identity(asdict(facts), str(uuid.uuid4()))
                )
                cluster.install(initial.objects(facts))
                self._open[name] = cluster
            return self.kubeconfig(name)

    def kubeconfig(self, name: str) -> str:
        identity = self.open(name).identity
        return kubeconfig_text(ClusterFacts(**identity.facts), self._token(identity.uid))

    def delete(self, name: str) -> None:
        with self.lock:
            self._path(name).unlink(missing_ok=True)
            self._open.pop(name, None)

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.directory.glob("*.json"))

    def open(self, name: str) -> StoredCluster:
        """The cluster as its file has it; another process may have written it. Raises KeyError when there is none."""
        path = self._path(name)
        with self.lock:
            if not path.exists():
                raise KeyError(name)
            known = self._open.get(name)
            if known is None or known.changed_elsewhere():
                self._open[name] = StoredCluster.load(path, SecretCipher(self.key))
            return self._open[name]

    def connect(self, kubeconfig: str) -> StoredCluster:
        """The cluster that a kubeconfig speaks to; Refused where there is none, or where its token is not valid."""
        server, token = _credentials(kubeconfig)
        for name in self.names():
            cluster = self.open(name)
            if _server(cluster.identity.facts) == server:
                if not hmac.compare_digest(token, self._token(cluster.identity.uid)):
                    raise Refused(
                        "Unauthorized",
                        f"{server}: the server has asked for the client to provide credentials",
                    )
                return cluster
        raise Refused(
            "Unreachable",
            f"configured Kubernetes cluster is unreachable: no cluster of the sandbox listens on {server}. If the cluster was "
            "deleted, its resources can be removed from the state with PULUMI_K8S_DELETE_UNREACHABLE=true",
        )

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.json"

    def _token(self, uid: str) -> str:
        digest = hmac.digest(self.key, f"token {uid}".encode(), "sha256")
        return f"sha256~{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _server(facts: dict[str, str]) -> str:
    return facts["api_url"].rstrip("/")


def kubeconfig_text(facts: ClusterFacts, token: str) -> str:
    """A kubeconfig (YAML) with which `token` speaks to the cluster as its administrator."""
    server = facts.api_url.rstrip("/")
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin",
            "clusters": [{"name": facts.name, "cluster": {"server": server}}],
            "contexts": [{"name": "admin", "context": {"cluster": facts.name, "user": "admin"}}],
            "users": [{"name": "admin", "user": {"token": token}}],
        },
        sort_keys=False,
    )


@lru_cache(maxsize=64)
def _credentials(kubeconfig: str) -> tuple[str, str]:
    """Server and token of the current context. Raises Refused when the text is no kubeconfig with a token."""
    try:
        config = yaml.safe_load(kubeconfig)
        context = next(
            item["context"] for item in config["contexts"] if item["name"] == config["current-context"]
        )
        cluster = next(item["cluster"] for item in config["clusters"] if item["name"] == context["cluster"])
        user = next(item["user"] for item in config["users"] if item["name"] == context["user"])
        return cluster["server"].rstrip("/"), user["token"]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise Refused("Unreachable", f"the provider's kubeconfig cannot be used: {error!r}") from None
