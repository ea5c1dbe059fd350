"""The security groups of the nodes of a self-managed cluster.

In a network that is there already, openshift-install makes a group that it attaches to nothing (pkg/infrastructure/azure), and a
Standard load balancer reaches no machine without a group that admits it. ARO attaches groups of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

API_PORTS = ("6443",)
INGRESS_PORTS = ("80", "443")


@dataclass(frozen=True, kw_only=True)
class NodeNsgArgs:
    """``what`` is the kind of nodes, ``ports`` are open to everybody; from the virtual network Azure admits all by default."""

    name_prefix: str
    resource_group_name: pulumi.Input[str]
    location: str
    what: str
    ports: tuple[str, ...]
    tags: Mapping[str, str]


def node_nsg(name: str, args: NodeNsgArgs, parent: pulumi.Resource) -> network.NetworkSecurityGroup:
    """The group, as ``<name>-<what>-nsg``."""
    return network.NetworkSecurityGroup(
        f"{name}-{args.what}-nsg",
        network_security_group_name=f"{args.name_prefix}-{args.what}-nsg",
        resource_group_name=args.resource_group_name,
        location=args.location,
        security_rules=[
            network.SecurityRuleArgs(
                name=f"tcp-{port}",
                priority=100 + 10 * number,
                direction="Inbound",
                access="Allow",
                protocol="Tcp",
                source_address_prefix="*",
                source_port_range="*",
                destination_address_prefix="*",
                destination_port_range=port,
            )
            for number, port in enumerate(args.ports)
        ],
        tags=args.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
