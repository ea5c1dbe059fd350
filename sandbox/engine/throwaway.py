"""Secrets that a stack needs and nobody has given: valid in form, without any value, and the same on every run of
one sandbox.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from config.roles import SECRETS, StackConfig, required_secrets
from config.sections import KINDS
from sandbox.engine.passphrase import PassphraseCipher
from sandbox.files import replace_file, understood
from sandbox.openshift.clusters import kubeconfig_text, self_managed
from sandbox.shapes import is_list, is_map

if TYPE_CHECKING:
    from sandbox.azure import AzureStandIn

_PREFIX = "coco:"
_VNET = re.compile(
    "/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/virtualNetworks/[^/]+"
)
_OF_A_STACK = re.compile("/virtualNetworks/coco-[a-z0-9-]+-vnet$")
_REGISTRIES = ("cloud.openshift.com", "quay.io", "registry.connect.redhat.com", "registry.redhat.io")


def missing_secrets(config: Mapping[str, str]) -> list[str]:
    """Full keys of the secrets that the stack with this configuration needs and does not have."""
    values = {
        key.removeprefix(_PREFIX): _decoded(text)
        for key, text in config.items()
        if key.removeprefix(_PREFIX) not in SECRETS
    }
    try:
        keys = required_secrets(TypeAdapter(StackConfig).validate_python(values))
    except ValidationError:
        # The program will report what is wrong with the file. It must not report secrets that nobody has to give.
        cluster = values.get("cluster")
        kind = cluster.get("kind") if is_map(cluster) else None
        keys = [] if values.get("role") == "contract" else list(KINDS.get(str(kind), KINDS["aro"]).secrets)
    return [_PREFIX + key for key in keys if _PREFIX + key not in config]


def supply(
    keys: list[str], config: Mapping[str, str], path: Path, vault: PassphraseCipher, azure: AzureStandIn
) -> dict[str, str]:
    """A value for each of `keys`; `path` keeps them, encrypted, for the next run. What the stack only names in Azure is put there too."""
    _somebody_elses(config, azure)
    kept = _kept(path)
    supplied: dict[str, str] = {}
    for key in keys:
        if key == f"{_PREFIX}kubeconfig":
            supplied[key] = _existing_cluster(config, azure)
            continue
        with understood(path):
            before = json.loads(vault.decrypt(kept[key])) if key in kept else None
        supplied[key] = _text(fresh := _made(key, config, before))
        if fresh != before:
            kept[key] = vault.encrypt(json.dumps(fresh))
            replace_file(path, json.dumps(kept))
    return supplied


def _kept(path: Path) -> dict[str, str]:
    """The ciphertexts in the file by key. Raises FileUnusable."""
    if not path.exists():
        return {}
    with understood(path):
        return TypeAdapter(dict[str, str]).validate_json(path.read_bytes())


def _made(key: str, config: Mapping[str, str], before: Any) -> Any:
    match key.removeprefix(_PREFIX):
        case "pullSecret":
            auth = base64.b64encode(f"sandbox:{secrets.token_urlsafe(24)}".encode()).decode()
            return before or {
                "auths": {name: {"auth": auth, "email": "sandbox@example.com"} for name in _REGISTRIES}
            }
        case "secretValues":
            served = _decoded(config.get(f"{_PREFIX}secrets", "{}"))
            wanted = {
                name: secret["keys"] for name, secret in served.items() if secret.get("source") == "config"
            }
            known: dict[str, dict[str, str]] = before or {}
            return {
                name: {each: known.get(name, {}).get(each) or secrets.token_urlsafe(24) for each in each_keys}
                for name, each_keys in wanted.items()
            }
        case "vpnKeys":
            # Both ends of a connection have the same key, and two stacks of the sandbox share nothing.
            network = _decoded(config.get(f"{_PREFIX}network", "{}"))
            names = [name for kind in ("sites", "gateways") for name in network["vpn"].get(kind, {})]
            return dict.fromkeys(names, "the-sandbox-key-of-all-connections")
        case _:
            return before or secrets.token_urlsafe(30)


def _existing_cluster(config: Mapping[str, str], azure: AzureStandIn) -> str:
    """The kubeconfig of a stand-in cluster that was there before the stack; with its network in the Azure stand-in, where the stack
    says where it is in Azure.
    """
    try:
        place = _decoded(config.get(f"{_PREFIX}azure", "{}"))
        cluster = _decoded(config[f"{_PREFIX}cluster"])
        in_azure: dict[str, str] = (
            {
                "location": place["location"],
                "subscription_id": place["subscriptionId"],
                "tenant_id": place["tenantId"],
            }
            if place
            else {}
        )
        facts = self_managed(cluster["name"], **in_azure)
    except (KeyError, TypeError):  # the program will say what is missing
        return kubeconfig_text(self_managed("unknown"), "unknown")
    if facts.on_azure:
        azure.existing_cluster(facts)
    return azure.clusters.create(facts.name, facts)


def _somebody_elses(config: Mapping[str, str], azure: AzureStandIn) -> None:
    """What a stack says is there: the key of its disks, the networks that it connects its own with, its subnets.

    For a stack that says it wrongly nothing, because the program will say what is wrong.
    """
    said = (_decoded(config.get(f"{_PREFIX}{key}", "{}")) for key in ("azure", "cluster", "network"))
    place, cluster, network = (each if is_map(each) else {} for each in said)
    region = place.get("location")
    if not isinstance(region, str):
        return
    key = cluster.get("diskEncryptionSet")
    if isinstance(key, str) and "/providers/Microsoft.Compute/diskEncryptionSets/" in key:
        azure.existing_other(region, key)
    peers = network.get("peers")
    for peer in peers if is_list(peers) else ():
        # One that a stack makes itself comes with that stack.
        if isinstance(peer, str) and _VNET.fullmatch(peer) and not _OF_A_STACK.search(peer):
            azure.existing_network(region, peer)
    subnets = network.get("subnets")
    vnet = subnets.get("vnet") if is_map(subnets) else None
    if is_map(subnets) and isinstance(vnet, str) and _VNET.fullmatch(vnet):
        names = {what: name for what, name in subnets.items() if what != "vnet" and isinstance(name, str)}
        azure.existing_subnets(region, vnet, names)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
