"""The VPN gateway of a network that a stack makes, and what it leads to."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.markers import refuse
from config.types import Address, Asn, DnsLabel, Section, SiteAddress, SiteRange, VpnGatewayId


def _apart(ranges: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    for index, one in enumerate(ranges):
        if any(one.overlaps(other) for other in ranges[:index]):
            raise refuse(
                "must not hold ranges that overlap", f"remove or narrow {one}, which another one holds"
            )
    return ranges


class BgpSection(Section):
    """The BGP speaker of a site, which tells the ranges behind it."""

    asn: Asn = Field(description="Its autonomous system number; another one than network.vpn.asn")
    address: Address = Field(description="Its address, inside the site")


class SiteSection(Section):
    """A place with a VPN device of yours, such as a data centre."""

    address: SiteAddress = Field(description="Public IPv4 address of the device")
    ranges: Annotated[tuple[SiteRange, ...], AfterValidator(_apart)] = Field(
        default=(), description="Address ranges of the site; may be left out where bgp tells them"
    )
    bgp: BgpSection | None = Field(default=None, description=BgpSection.__doc__)


class VpnSection(Section):
    """A VPN gateway in the network that the stack makes. From what it leads to, API and ingress are reached, and nothing else.

    The key of each connection is in the secret coco:vpnKeys.
    """

    sku: Literal["VpnGw1AZ", "VpnGw2AZ", "VpnGw3AZ"] = Field(
        default="VpnGw1AZ", description="Size of the gateway: 650 Mbit/s, 1 or 1.25 Gbit/s in all"
    )
    asn: Asn | None = Field(
        default=None, description="Autonomous system number of the gateway; needed where a site has bgp"
    )
    sites: Mapping[DnsLabel, SiteSection] = Field(
        default={}, description="By the name of its connection: a place with a VPN device of yours"
    )
    gateways: Mapping[DnsLabel, VpnGatewayId] = Field(
        default={},
        description="By the name of its connection: the id of the VPN gateway of another network in Azure, also of another stack;"
        " each end is made by whoever has the gateway, and what is not there yet is connected by a later up",
    )

    @property
    def connections(self) -> frozenset[str]:
        """The names of all connections, each of which needs a key."""
        return frozenset((*self.sites, *self.gateways))
