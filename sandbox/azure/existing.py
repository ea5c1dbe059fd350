"""The Azure side of a cluster that was there before the program: its groups, its network and its NAT gateway."""

from __future__ import annotations

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
    with cloud.change() as contents:
        for kind, id_, properties in made:
            state = properties | ({"location": place} if kind.has_location else {})
            if contents.find(id_) is None:
                contents.put(
                    AzureRecord(
                        id=id_, type=kind.type, inputs=state, put=state, state=state, origin="existing"
                    )
                )
