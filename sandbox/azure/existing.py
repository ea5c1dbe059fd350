"""What was in Azure before the program: the groups, network and NAT gateway of a cluster, or subnets for one."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.azure.cloud import AzureRecord, Cloud
from sandbox.azure.egress import NAT_GATEWAY, PUBLIC_IP_ADDRESS
from sandbox.azure.groups import RESOURCE_GROUP
from sandbox.azure.kind import AzureKind
from sandbox.azure.security_groups import NETWORK_SECURITY_GROUP
from sandbox.azure.subnets import SUBNET
from sandbox.azure.virtual_networks import VIRTUAL_NETWORK
from sandbox.openshift.clusters import ClusterFacts
from sandbox.provider import Values


def add_existing(cloud: Cloud, facts: ClusterFacts) -> None:
    """Puts a network with a worker subnet that has a NAT gateway into the cloud; what is there already stays as it is."""
    subscription, place = f"/subscriptions/{facts.subscription_id}/resourceGroups/", facts.location
    network = f"{subscription}{facts.vnet_resource_group}/providers/Microsoft.Network"
    vnet = f"{network}/virtualNetworks/{facts.vnet_name}"
    address, gateway = (f"{network}/{kind}/{facts.name}-nat" for kind in ("publicIPAddresses", "natGateways"))
    nsg = f"{subscription}{facts.resource_group}/providers/Microsoft.Network/networkSecurityGroups/{facts.security_group_name}"
    made: list[tuple[AzureKind, str, Values]] = [
        (RESOURCE_GROUP, f"{subscription}{facts.resource_group}", {}),
        (RESOURCE_GROUP, f"{subscription}{facts.vnet_resource_group}", {}),
        (PUBLIC_IP_ADDRESS, address, {"sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"}),
        (NAT_GATEWAY, gateway, {"sku": {"name": "Standard"}, "publicIpAddresses": [{"id": address}]}),
        (NETWORK_SECURITY_GROUP, nsg, {"securityRules": []}),
        (VIRTUAL_NETWORK, vnet, {"addressSpace": {"addressPrefixes": ["10.64.0.0/16"]}}),
        (
            SUBNET,
            f"{vnet}/subnets/{facts.subnet_name}",
            {
                "addressPrefix": "10.64.0.0/23",
                "natGateway": {"id": gateway},
                "networkSecurityGroup": {"id": nsg},
                "privateEndpointNetworkPolicies": "Disabled",
                "privateLinkServiceNetworkPolicies": "Enabled",
            },
        ),
    ]
    _put(cloud, made, place)


def add_existing_subnets(cloud: Cloud, place: str, vnet: str, names: Mapping[str, str]) -> None:
    """Puts subnets with these `names` (of controlPlane, workers and peerPods) into the cloud, and what they are in. That of peer pods
    has a NAT gateway; what is there already stays as it is.
    """
    group_id, _, name = vnet.partition("/providers/Microsoft.Network/virtualNetworks/")
    address, gateway = (
        f"{group_id}/providers/Microsoft.Network/{kind}/{name}-nat"
        for kind in ("publicIPAddresses", "natGateways")
    )
    made: list[tuple[AzureKind, str, Values]] = [
        (RESOURCE_GROUP, group_id, {}),
        (PUBLIC_IP_ADDRESS, address, {"sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"}),
        (NAT_GATEWAY, gateway, {"sku": {"name": "Standard"}, "publicIpAddresses": [{"id": address}]}),
        (VIRTUAL_NETWORK, vnet, {"addressSpace": {"addressPrefixes": ["10.96.0.0/16"]}}),
    ]
    for number, (what, subnet) in enumerate(sorted(names.items())):
        out = {"natGateway": {"id": gateway}} if what == "peerPods" else {}
        policies = {
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        }
        made.append(
            (
                SUBNET,
                f"{vnet}/subnets/{subnet}",
                {"addressPrefix": f"10.96.{2 * number}.0/23", **out, **policies},
            )
        )
    _put(cloud, made, place)


def add_existing_network(cloud: Cloud, place: str, vnet: str) -> None:
    """Puts an empty network with this id into the cloud, which a stack connects its own with; what is there already stays as it is."""
    group_id = vnet.partition("/providers/Microsoft.Network/virtualNetworks/")[0]
    space = {"addressSpace": {"addressPrefixes": ["10.250.0.0/24"]}}
    _put(cloud, [(RESOURCE_GROUP, group_id, {}), (VIRTUAL_NETWORK, vnet, space)], place)


def add_existing_other(cloud: Cloud, place: str, id_: str) -> None:
    """Puts something of a type that the stand-in knows nothing of into the cloud, with its group, to give roles on."""
    group_id = id_.partition("/providers/")[0]
    _put(cloud, [(RESOURCE_GROUP, group_id, {})], place)
    with cloud.change() as contents:
        if contents.find(id_) is None:
            contents.put(AzureRecord(id=id_, type="", inputs={}, put={}, state={}, origin="existing"))


def _put(cloud: Cloud, made: list[tuple[AzureKind, str, Values]], place: str) -> None:
    with cloud.change() as contents:
        for kind, id_, properties in made:
            state = properties | ({"location": place} if kind.has_location else {})
            if contents.find(id_) is None:
                contents.put(
                    AzureRecord(
                        id=id_, type=kind.type, inputs=state, put=state, state=state, origin="existing"
                    )
                )
