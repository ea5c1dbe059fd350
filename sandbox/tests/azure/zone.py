"""A zone as the program declares it, resource by resource, for tests to spoil."""

from __future__ import annotations

import copy
import uuid
from pathlib import Path
from typing import Any

from sandbox.azure import AzureStandIn
from sandbox.openshift.clusters import StoreClusters
from sandbox.provider import Refused

SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/coco-hub"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
VNET = f"{NETWORK}/virtualNetworks/coco-hub-vnet"
CLUSTER = f"{GROUP}/providers/Microsoft.RedHatOpenShift/openShiftClusters/dev-hub"
MANAGED = f"{SUBSCRIPTION}/resourcegroups/coco-hub_managed"
ROLE = (
    f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"
)
CLUSTER_PRINCIPAL = "00000000-0000-4000-8000-000000000012"
RP_PRINCIPAL = "00000000-0000-4000-8000-000000000003"
CLIENT = "00000000-0000-4000-8000-000000000011"
MISSING = object()

_PLACED: dict[str, Any] = {
    "resourceGroupName": "coco-hub",
    "location": "eastus2",
    "tags": {"environment": "dev"},
}
_IN_VNET: dict[str, Any] = {
    "resourceGroupName": "coco-hub",
    "virtualNetworkName": "coco-hub-vnet",
    "defaultOutboundAccess": False,
    # The SDK adds these two, and the two of the network, by itself.
    "privateEndpointNetworkPolicies": "Disabled",
    "privateLinkServiceNetworkPolicies": "Enabled",
}


def _rule(name: str, priority: int) -> dict[str, Any]:
    return {
        "name": name,
        "priority": priority,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "10.0.64.0/18",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "VirtualNetwork",
        "destinationPortRange": "15150",
    }


def _grant(principal: str) -> dict[str, Any]:
    return {
        "scope": VNET,
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": ROLE,
        "roleAssignmentName": str(uuid.uuid5(uuid.NAMESPACE_URL, principal)),
    }


ZONE: dict[str, tuple[str, dict[str, Any]]] = {
    "group": (
        "azure-native:resources:ResourceGroup",
        {"resourceGroupName": "coco-hub", "location": "eastus2"},
    ),
    "address": (
        "azure-native:network:PublicIPAddress",
        {
            **_PLACED,
            "publicIpAddressName": "nat-ip",
            "sku": {"name": "Standard", "tier": "Regional"},
            "publicIPAllocationMethod": "Static",
        },
    ),
    "gateway": (
        "azure-native:network:NatGateway",
        {
            **_PLACED,
            "natGatewayName": "nat",
            "sku": {"name": "Standard"},
            "idleTimeoutInMinutes": 10,
            "publicIpAddresses": [{"id": f"{NETWORK}/publicIPAddresses/nat-ip"}],
        },
    ),
    "nsg": (
        "azure-native:network:NetworkSecurityGroup",
        {
            **_PLACED,
            "networkSecurityGroupName": "pods",
            "securityRules": [_rule("agent", 100), _rule("web", 110)],
        },
    ),
    "vnet": (
        "azure-native:network:VirtualNetwork",
        {
            **_PLACED,
            "virtualNetworkName": "coco-hub-vnet",
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "enableDdosProtection": False,
            "enableVmProtection": False,
        },
    ),
    "masters": (
        "azure-native:network:Subnet",
        {**_IN_VNET, "subnetName": "control-plane", "addressPrefix": "10.0.0.0/19"},
    ),
    "workers": (
        "azure-native:network:Subnet",
        {**_IN_VNET, "subnetName": "workers", "addressPrefix": "10.0.64.0/18"},
    ),
    "pods": (
        "azure-native:network:Subnet",
        {
            **_IN_VNET,
            "subnetName": "peer-pods",
            "addressPrefix": "10.0.128.0/18",
            "natGateway": {"id": f"{NETWORK}/natGateways/nat"},
            "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/pods"},
        },
    ),
    "cluster_role": ("azure-native:authorization:RoleAssignment", _grant(CLUSTER_PRINCIPAL)),
    "rp_role": ("azure-native:authorization:RoleAssignment", _grant(RP_PRINCIPAL)),
    "cluster": (
        "azure-native:redhatopenshift:OpenShiftCluster",
        {
            **_PLACED,
            "resourceName": "dev-hub",
            "clusterProfile": {
                "domain": "dev-hub",
                "version": "4.20.15",
                "pullSecret": '{"auths": {"CANARY-pull": {}}}',
                "resourceGroupId": MANAGED,
                "fipsValidatedModules": "Disabled",
            },
            "networkProfile": {
                "podCidr": "10.128.0.0/14",
                "serviceCidr": "172.30.0.0/16",
                "outboundType": "Loadbalancer",
                "loadBalancerProfile": {"managedOutboundIps": {"count": 1}},
                "preconfiguredNSG": "Disabled",
            },
            "masterProfile": {
                "vmSize": "Standard_D8s_v5",
                "subnetId": f"{VNET}/subnets/control-plane",
                "encryptionAtHost": "Disabled",
            },
            "workerProfiles": [
                {
                    "name": "worker",
                    "vmSize": "Standard_D4s_v5",
                    "diskSizeGB": 128,
                    "count": 3,
                    "subnetId": f"{VNET}/subnets/workers",
                    "encryptionAtHost": "Disabled",
                }
            ],
            "apiserverProfile": {"visibility": "Public"},
            "ingressProfiles": [{"name": "default", "visibility": "Public"}],
            "servicePrincipalProfile": {"clientId": CLIENT, "clientSecret": "CANARY-client"},
        },
    ),
}


def spoiled(which: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a resource of the zone with dotted paths set (numbers index lists) or, with MISSING, taken away."""
    inputs = copy.deepcopy(ZONE[which][1])
    for path, value in changes.items():
        *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
        target: Any = inputs
        for part in way:
            target = target[part]
        if value is MISSING:
            del target[last]
        else:
            target[last] = value
    return inputs


class Zone:
    """The stand-in, driven as an engine drives it, with what it has made of the zone so far."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.azure = AzureStandIn(directory / "azure.json", StoreClusters(directory))
        self.made: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {}

    def make(self, which: str, changes: dict[str, Any] | None = None) -> str:
        type_, inputs = ZONE[which][0], spoiled(which, changes or {})
        if failures := self.azure.check(type_, which, inputs):
            raise Refused("Check", "; ".join(failure.reason for failure in failures))
        id_, outputs = self.azure.create(type_, which, inputs, None)
        self.made[which] = (id_, inputs, outputs)
        return id_

    def make_all(self, until: str = "cluster") -> None:
        for which in ZONE:
            self.make(which)
            if which == until:
                return

    def change(self, which: str, changes: dict[str, Any], *, preview: bool = False) -> dict[str, Any]:
        id_, inputs, outputs = self.made[which]
        return self.azure.update(ZONE[which][0], id_, inputs, outputs, spoiled(which, changes), preview, None)

    def unmake(self, which: str) -> None:
        id_, inputs, outputs = self.made[which]
        self.azure.delete(ZONE[which][0], id_, inputs, outputs, None)

    def read(self, which: str) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        id_, inputs, _ = self.made[which]
        return self.azure.read(ZONE[which][0], id_, inputs)
