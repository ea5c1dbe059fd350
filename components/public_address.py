"""A public address that stays the same, for a gateway of a network."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network


@dataclass(frozen=True, kw_only=True)
class PublicAddressArgs:
    """``address_name`` is its name in Azure."""

    address_name: str
    resource_group_name: pulumi.Input[str]
    location: str
    tags: Mapping[str, str]


def public_address(
    name: str, args: PublicAddressArgs, opts: pulumi.ResourceOptions
) -> network.PublicIPAddress:
    """One static IPv4 address of the SKU Standard, which both kinds of gateway ask for."""
    return network.PublicIPAddress(
        name,
        public_ip_address_name=args.address_name,
        resource_group_name=args.resource_group_name,
        location=args.location,
        sku={"name": "Standard", "tier": "Regional"},
        public_ip_allocation_method="Static",
        public_ip_address_version="IPv4",
        tags=args.tags,
        opts=opts,
    )


def number(address: network.PublicIPAddress) -> pulumi.Output[str]:
    """Its four numbers."""
    return address.ip_address.apply(lambda given: given or "")
