"""The cluster that the stand-in of `openshift-install` makes, and what of it is in Azure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sandbox.api import Engine, azure_of
from sandbox.azure.aro_install import infra_id as _infra_id
from sandbox.azure.cloud import AzureRecord, Contents, guid
from sandbox.azure.groups import RESOURCE_GROUP
from sandbox.azure.security_groups import NETWORK_SECURITY_GROUP
from sandbox.installer import VERSION
from sandbox.installer.install_config import InstallConfig
from sandbox.openshift.clusters import ClusterFacts
from sandbox.provider import Values

__all__ = ["Failed", "Maker", "guid", "infra_id"]

_API: Final = "6443"


class Failed(Exception):
    """The installer ends with this sentence."""


def infra_id(config: InstallConfig) -> str:
    """Five characters of a hash, where the real one has random ones."""
    return _infra_id(config.metadata.name, config.domain)


class Maker:
    """Clusters of an engine below `home`, and its Azure."""

    def __init__(self, home: Path, engine: Engine) -> None:
        self._azure = azure_of(home, engine)

    def make(self, config: InstallConfig, infra: str, principal: dict[str, str]) -> str:
        """The kubeconfig. Raises Failed; what was made until then stays, as with the real one."""
        azure = config.platform.azure
        subscription = f"/subscriptions/{principal['subscriptionId']}/resourceGroups"
        vnet = (
            f"{subscription}/{azure.networkResourceGroupName}/providers/Microsoft.Network/virtualNetworks/"
            f"{azure.virtualNetwork}"
        )
        subnets = [f"{vnet}/subnets/{name}" for name in (azure.controlPlaneSubnet, azure.computeSubnet)]
        group = f"{subscription}/{infra}-rg"
        with self._azure.cloud.change() as contents:
            _refuse(contents, azure.region, vnet, subnets, group)
            # The group of the nodes in a network that was there is made, and attached to nothing.
            nsg = f"{group}/providers/Microsoft.Network/networkSecurityGroups/{infra}-nsg"
            tags = {f"kubernetes.io_cluster.{infra}": "owned", **azure.userTags}
            place = {"location": azure.region, "tags": tags}
            _put(contents, RESOURCE_GROUP.type, group, place)
            _put(contents, NETWORK_SECURITY_GROUP.type, nsg, {**place, "securityRules": []})
            for number, id_ in enumerate(subnets):
                subnet = contents[id_]
                card = f"{group}/providers/Microsoft.Network/networkInterfaces/{infra}-{number}-nic"
                subnet.facts = subnet.facts | {"usedBy": [*subnet.facts.get("usedBy", []), card]}
                contents.put(subnet)
        if not _admits(self._azure.cloud.look(), subnets[0], _API):
            raise Failed(
                "Bootstrap failed to complete: timed out waiting for the API: a Standard load balancer reaches no machine in"
                f" {azure.controlPlaneSubnet} without a security group that admits TCP {_API}"
            )
        facts = _facts(config, infra, principal)
        return self._azure.clusters.create(facts.name, facts)

    def kubeconfig(self, name: str) -> str:
        try:
            return self._azure.clusters.kubeconfig(name)
        except KeyError:
            raise Failed(
                "failed to wait for bootstrapping to complete: timed out waiting for the condition"
            ) from None

    def destroy(self, metadata: dict[str, Any], principal: dict[str, str]) -> None:
        infra = metadata["infraID"]
        group = f"/subscriptions/{principal['subscriptionId']}/resourceGroups/{infra}-rg"
        self._azure.clusters.delete(metadata["clusterName"])
        with self._azure.cloud.change() as contents:
            for record in list(contents):
                used = record.facts.get("usedBy")
                if used and (kept := [each for each in used if not each.startswith(f"{group}/")]) != used:
                    rest = {key: value for key, value in record.facts.items() if key != "usedBy"}
                    record.facts = rest | ({"usedBy": kept} if kept else {})
                    contents.put(record)
            contents.remove(group)


def _refuse(contents: Contents, region: str, vnet: str, subnets: list[str], group: str) -> None:
    found = contents.find(vnet)
    if found is None:
        raise Failed(f"platform.azure.virtualNetwork: Invalid value: failed to get {vnet}")
    if found.state["location"] != region:
        raise Failed("platform.azure.region: Invalid value: the virtual network is in another region")
    for id_ in subnets:
        if contents.find(id_) is None:
            raise Failed(f"platform.azure: Invalid value: failed to retrieve subnet {id_}")
    if contents.find(group) is not None:
        raise Failed("failed to fetch Cluster: failed to load asset: the cluster already exists")


def _put(contents: Contents, type_: str, id_: str, state: Values) -> None:
    contents.put(
        AzureRecord(id=id_, type=type_, inputs=state, put=state, state=state, origin="openshift-install")
    )


def _admits(contents: Contents, subnet_id: str, port: str) -> bool:
    attached: Values = contents[subnet_id].state.get("networkSecurityGroup") or {}
    record = contents.find(attached["id"]) if attached else None
    rules: list[Values] = record.state.get("securityRules", []) if record else []
    return any(
        (rule["access"], rule["direction"], rule.get("destinationPortRange")) == ("Allow", "Inbound", port)
        and rule.get("sourceAddressPrefix") in ("*", "Internet")
        for rule in rules
    )


def _facts(config: InstallConfig, infra: str, principal: dict[str, str]) -> ClusterFacts:
    azure = config.platform.azure
    return ClusterFacts(
        name=config.metadata.name,
        apps_domain=f"apps.{config.domain}",
        api_url=f"https://api.{config.domain}:{_API}/",
        console_url=f"https://console-openshift-console.apps.{config.domain}/",
        location=azure.region,
        resource_group=f"{infra}-rg",
        vnet_resource_group=azure.networkResourceGroupName,
        vnet_name=azure.virtualNetwork,
        subnet_name=azure.computeSubnet,
        security_group_name=f"{infra}-nsg",
        subscription_id=principal["subscriptionId"],
        tenant_id=principal["tenantId"],
        version=VERSION,
        infra_id=infra,
    )
