"""What a VPN connection leads to: a site, or the network behind another VPN gateway in Azure, which is read there."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from components.elsewhere import Elsewhere
from model.azure.ids import AzureId

GATEWAYS = "coco:network.vpn.gateways"


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
    gateway = elsewhere.found(
        id_,
        lambda: network.get_virtual_network_gateway(
            resource_group_name=place.resource_group,
            virtual_network_gateway_name=place.names[0][1],
            opts=options,
        ),
    )
    if gateway is None:
        return None
    ends = [
        (AzureId.parse(each.public_ip_address.id), AzureId.parse(each.subnet.id))
        for each in gateway.ip_configurations or ()
        if each.public_ip_address and each.public_ip_address.id and each.subnet and each.subnet.id
    ]
    if not ends:
        raise pulumi.RunError(
            f"{GATEWAYS}: {id_} has no public address, and this program makes connections over public ones alone"
        )
    outside, subnet = ends[0]
    address = elsewhere.found(
        id_,
        lambda: network.get_public_ip_address(
            resource_group_name=outside.resource_group,
            public_ip_address_name=outside.names[0][1],
            opts=options,
        ),
    )
    vnet = elsewhere.found(
        id_,
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
