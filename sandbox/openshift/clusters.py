"""The clusters of the sandbox: what a cluster is told about itself, and how its kubeconfig is made.

A kubeconfig follows from the cluster's identity and a key in the state directory, so it is the same text on every call;
only a hash of its token is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import yaml


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    """What an OpenShift cluster on Azure knows about itself and its surroundings."""

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


def self_managed(name: str, *, location: str, subscription_id: str, tenant_id: str) -> ClusterFacts:
    """Facts of a cluster that `openshift-install` made, for a stack that brings its own kubeconfig."""
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
    """Clusters kept as files below `root`/clusters (`root` is the state directory)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._key: bytes | None = None

    @property
    def key(self) -> bytes:
        """32 random bytes that tokens and the encryption of Secrets follow from; made on first use, readable by its owner."""
        if self._key is None:
            path = self.root / "clusters.key"
            if not path.exists():
                self.root.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(secrets.token_bytes(32))
            self._key = path.read_bytes()
        return self._key

    def create(self, name: str, facts: ClusterFacts) -> str:
        path = self._path(name)
        if not path.exists() or json.loads(path.read_text())["facts"] != asdict(facts):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"facts": asdict(facts)}))
        return self.kubeconfig(name)

    def kubeconfig(self, name: str) -> str:
        path = self._path(name)
        if not path.exists():
            raise KeyError(name)
        facts = ClusterFacts(**json.loads(path.read_text())["facts"])
        token = base64.urlsafe_b64encode(hmac.digest(self.key, f"token {name}".encode(), "sha256")).decode()
        return kubeconfig_text(facts, f"sha256~{token.rstrip('=')}")

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.root / "clusters" / f"{name}.json"


def kubeconfig_text(facts: ClusterFacts, token: str) -> str:
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
