"""The security group of peer pods: only the workers reach one, and only its agent and its tunnel."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

# cloud-api-adaptor: the agent's forwarder, and the VXLAN tunnel as OSC configures it (upstream's 4789 is OVN's own).
AGENT_PORT = "15150"
VXLAN_PORT = "9000"


@dataclass(frozen=True, kw_only=True)
class PeerPodNsgArgs:
    """``workers`` and ``peer_pods`` are the ranges of the two subnets, as CIDR."""

    name_prefix: str
    resource_group_name: pulumi.Input[str]
    location: str
    workers: str
    peer_pods: str
    tags: Mapping[str, str]


def peer_pod_nsg(name: str, args: PeerPodNsgArgs, parent: pulumi.Resource) -> network.NetworkSecurityGroup:
    """The group, as ``<name>-peer-pods-nsg``. Everything that it does not name is refused, from the VNet too."""

    def allow_from_workers(rule: str, priority: int, protocol: str, port: str) -> network.SecurityRuleArgs:
        return network.SecurityRuleArgs(
            name=rule,
            priority=priority,
            direction="Inbound",
            access="Allow",
            protocol=protocol,
            source_address_prefix=args.workers,
            source_port_range="*",
            destination_address_prefix=args.peer_pods,
            destination_port_range=port,
        )

    deny_the_rest = network.SecurityRuleArgs(
        name="deny-the-rest",
        priority=4096,
        direction="Inbound",
        access="Deny",
        protocol="*",
        source_address_prefix="*",
        source_port_range="*",
        destination_address_prefix="*",
        destination_port_range="*",
    )
    return network.NetworkSecurityGroup(
        f"{name}-peer-pods-nsg",
        network_security_group_name=f"{args.name_prefix}-peer-pods-nsg",
        resource_group_name=args.resource_group_name,
        location=args.location,
        security_rules=[
            allow_from_workers("agent-from-workers", 100, "Tcp", AGENT_PORT),
            allow_from_workers("tunnel-from-workers", 110, "Udp", VXLAN_PORT),
            deny_the_rest,
        ],
        tags=args.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
