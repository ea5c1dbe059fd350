"""What a VPN connection leads to: a site, or the network behind another VPN gateway in Azure, which is read there."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from components.elsewhere import Elsewhere, found
from model.azure.ids import AzureId

GATEWAYS = "coco:network.vpn.gateways"
_RIGHT = (
    "whoever runs this stack needs the role Reader on the gateway, on its public address and on its network"
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a connection leads: the public ``address`` of a VPN device, and the ``ranges`` behind it as CIDR. ``bgp``: the number of
    its autonomous system, and the address of its BGP speaker.
    """

    address: str
    ranges: Sequence[str]
    bgp: tuple[int, str] | None = None


def behind(id_: str, elsewhere: Elsewhere, own_range: str) -> Site | None:
    """Where a connection to the VPN gateway with this id leads; None where it is not there yet.

    Raises RunError where that cannot be told, or what is behind it overlaps ``own_range``.
    """
    place, options = AzureId.parse(id_), elsewhere.options(id_)
    gateway = found(
        GATEWAYS,
        id_,
        _RIGHT,
        lambda: network.get_virtual_network_gateway(
            resource_group_name=place.resource_group,
            virtual_network_gateway_name=place.names[0][1],
            opts=options,
        ),
    )
    if gateway is None:
        return None
    ends = gateway.ip_configurations or ()
    own = next((each for each in ends if each.subnet and each.public_ip_address), None)
    if own is None or not (
        own.subnet and own.subnet.id and own.public_ip_address and own.public_ip_address.id
    ):
        raise pulumi.RunError(
            f"{GATEWAYS}: {id_} has no public address, and this program makes connections over public ones alone"
        )
    outside, subnet = AzureId.parse(own.public_ip_address.id), AzureId.parse(own.subnet.id)
    address = found(
        GATEWAYS,
        id_,
        _RIGHT,
        lambda: network.get_public_ip_address(
            resource_group_name=outside.resource_group,
            public_ip_address_name=outside.names[0][1],
            opts=options,
        ),
    )
    vnet = found(
        GATEWAYS,
        id_,
        _RIGHT,
        lambda: network.get_virtual_network(
            resource_group_name=subnet.resource_group,
            virtual_network_name=subnet.names[0][1],
            opts=options,
        ),
    )
    space = (vnet.address_space.address_prefixes if vnet and vnet.address_space else None) or ()
    ranges = [each for each in space if ":" not in each]  # a site has IPv4 alone
    if address is None or not address.ip_address or not ranges:
        return None
    if taken := [each for each in ranges if IPv4Network(each).overlaps(IPv4Network(own_range))]:
        raise pulumi.RunError(
            f"{GATEWAYS}: {id_} leads to {', '.join(taken)}, which overlaps coco:network.cidr {own_range}: move one of the two networks"
        )
    return Site(address=address.ip_address, ranges=ranges)
