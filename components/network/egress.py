"""The outbound access of a network: a NAT gateway with its own address.

Peer pods are virtual machines without a public address and in no load balancer, so a subnet without a NAT gateway leaves
them unable to reach the KBS or a registry. The gateway is attached *on* the subnet (see ``network``): Azure replaces a
subnet as a whole, so a second writer would detach it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from components.public_address import PublicAddressArgs, number, public_address


@dataclass(frozen=True, kw_only=True)
class NatEgressArgs:
    """``name_prefix`` is the start of the Azure names; the group and location are those of the subnet it will serve."""

    name_prefix: str
    resource_group_name: pulumi.Input[str]
    location: str
    tags: Mapping[str, str]


class NatEgress(pulumi.ComponentResource):
    """A Standard NAT gateway with one static public address, which is what a firewall on the other side may allow."""

    nat_gateway_id: pulumi.Output[str]
    address: pulumi.Output[str]

    def __init__(self, name: str, args: NatEgressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:network:NatEgress", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        public_ip = public_address(
            f"{name}-ip",
            PublicAddressArgs(
                address_name=f"{args.name_prefix}-nat-ip",
                resource_group_name=args.resource_group_name,
                location=args.location,
                tags=args.tags,
            ),
            # The gateway writes itself in here: to Azure it is a property that one could set, and so it looks like drift.
            pulumi.ResourceOptions(parent=self, ignore_changes=["natGateway"]),
        )
        gateway = network.NatGateway(
            f"{name}-gateway",
            nat_gateway_name=f"{args.name_prefix}-nat",
            resource_group_name=args.resource_group_name,
            location=args.location,
            sku={"name": "Standard"},
            idle_timeout_in_minutes=10,
            public_ip_addresses=[{"id": public_ip.id}],
            tags=args.tags,
            opts=child,
        )
        self.nat_gateway_id = gateway.id
        self.address = number(public_ip)
        self.register_outputs({"natGatewayId": self.nat_gateway_id, "address": self.address})
