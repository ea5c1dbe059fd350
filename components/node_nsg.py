"""The security group of a cluster's nodes, where the stack has one.

A self-managed cluster needs it: in a network that is there already, openshift-install makes a group that it attaches to nothing
(pkg/infrastructure/azure), and a Standard load balancer reaches no machine without a group that admits it. A network that is
connected with others needs it too: Azure counts theirs as the same network, and the groups that ARO attaches admit all of that. On a node
somebody would then find what OpenShift guards by the network alone, such as the machine configurations with their credentials (port 22623).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

PORTS = ("6443", "443", "80")  # API and ingress: what a public cluster shows to everybody


@dataclass(frozen=True, kw_only=True)
class NodeNsgArgs:
    """``own_range`` is that of the virtual network, as CIDR. ``public``: whether everybody may reach API and ingress, or connected
    networks alone.
    """

    name_prefix: str
    resource_group_name: pulumi.Input[str]
    location: str
    own_range: str
    public: bool
    tags: Mapping[str, str]


def node_nsg(name: str, args: NodeNsgArgs, parent: pulumi.Resource) -> network.NetworkSecurityGroup:
    """The group, as ``<name>-nodes-nsg``. Within the network everything is allowed; from elsewhere API and ingress, and nothing else."""

    def rule(
        what: str, priority: int, access: str, source: str, protocol: str, port: str
    ) -> network.SecurityRuleArgs:
        return network.SecurityRuleArgs(
            name=what,
            priority=priority,
            direction="Inbound",
            access=access,
            protocol=protocol,
            source_address_prefix=source,
            source_port_range="*",
            destination_address_prefix="*",
            destination_port_range=port,
        )

    everybody = "*" if args.public else "VirtualNetwork"
    return network.NetworkSecurityGroup(
        f"{name}-nodes-nsg",
        network_security_group_name=f"{args.name_prefix}-nodes-nsg",
        resource_group_name=args.resource_group_name,
        location=args.location,
        security_rules=[
            rule("own-network", 100, "Allow", args.own_range, "*", "*"),
            *(
                rule(f"tcp-{port}", 110 + 10 * number, "Allow", everybody, "Tcp", port)
                for number, port in enumerate(PORTS)
            ),
            rule("no-other-network", 4096, "Deny", "VirtualNetwork", "*", "*"),
        ],
        tags=args.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
