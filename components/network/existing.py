"""Subnets that are there already: read, checked before anything is made, and never changed.

ARO attaches a security group of its own to the subnets of its nodes, and takes it away when the cluster is deleted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

import pulumi
from pulumi_azure_native import network

from components.cluster_network import ClusterNetwork
from components.peer_pod_nsg import PeerPodNsgArgs, peer_pod_nsg
from model.azure import addresses
from model.azure.ids import AzureId

_SMALLEST = 27  # ARO-RP, pkg/validate/dynamic: minimumSubnetMaskSize


@dataclass(frozen=True, kw_only=True)
class ExistingNetworkArgs:
    """Names of subnets of one VNet, which must be in ``location``; the peer-pod subnet only where some run.

    ``managed_resource_group``: where ARO keeps its own security group. ``ranges``: by key of the stack file, what must not overlap
    the VNet. ``by_routes``: the nodes leave by the route table of their subnets. ``peer_pods``: how many machines must find an
    address in their subnet.
    """

    name_prefix: str
    resource_group_name: pulumi.Input[str]
    location: str
    vnet_id: str
    control_plane_subnet: str
    worker_subnet: str
    peer_pod_subnet: str | None
    managed_resource_group: str
    ranges: Mapping[str, IPv4Network]
    peer_pods: int
    by_routes: bool = False
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Attached:
    """Ids of what the subnets of the nodes use: the cluster must be able to join it."""

    nat_gateways: tuple[str, ...] = ()
    route_tables: tuple[str, ...] = ()

    def by_name(self) -> dict[str, str]:
        """With a short name for each."""
        return {
            f"{what}-{number}": id_
            for what, ids in (("nat", self.nat_gateways), ("routes", self.route_tables))
            for number, id_ in enumerate(ids)
        }


@dataclass(frozen=True, kw_only=True)
class _Subnet:
    what: str
    id: str
    ranges: tuple[IPv4Network, ...]
    found: network.AwaitableGetSubnetResult = field(repr=False)


class ExistingNetwork(ClusterNetwork):
    """Subnets that are there, and what is ``attached`` to them. Raises RunError with all that is wrong with the subnets."""

    attached: Attached

    def __init__(
        self, name: str, args: ExistingNetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:network:ExistingNetwork", name, {}, opts)
        nodes = [
            self._read("network.subnets.controlPlane", args.vnet_id, args.control_plane_subnet),
            self._read("network.subnets.workers", args.vnet_id, args.worker_subnet),
        ]
        peer_pods = (
            None
            if args.peer_pod_subnet is None
            else self._read("network.subnets.peerPods", args.vnet_id, args.peer_pod_subnet)
        )
        vnet = self._vnet(args.vnet_id)
        if problems := [*_of_vnet(vnet, args), *_of_nodes(nodes, args), *_of_peer_pods(peer_pods, args)]:
            raise pulumi.RunError(
                "the network of this stack cannot be used:\n" + "\n".join(f"  {each}" for each in problems)
            )
        self.attached = Attached(
            nat_gateways=_ids(subnet.found.nat_gateway for subnet in nodes),
            route_tables=_ids(subnet.found.route_table for subnet in nodes),
        )
        self.vnet_id = pulumi.Output.from_input(args.vnet_id)
        self.control_plane_subnet_id, self.worker_subnet_id = (
            pulumi.Output.from_input(subnet.id) for subnet in nodes
        )
        if peer_pods is not None:
            nsg = peer_pod_nsg(
                name,
                PeerPodNsgArgs(
                    name_prefix=args.name_prefix,
                    resource_group_name=args.resource_group_name,
                    location=args.location,
                    workers=str(nodes[1].ranges[0]),
                    peer_pods=str(peer_pods.ranges[0]),
                    tags=args.tags,
                ),
                self,
            )
            self.peer_pod_subnet_id = pulumi.Output.from_input(peer_pods.id)
            # Of their network cards: the security group of the subnet stays its owner's.
            self.peer_pod_nsg_id = nsg.id
        self.publish()

    def _read(self, what: str, vnet: str, subnet: str) -> _Subnet:
        place = AzureId.parse(vnet)
        found = network.get_subnet(
            resource_group_name=place.resource_group,
            virtual_network_name=place.names[0][1],
            subnet_name=subnet,
            opts=pulumi.InvokeOptions(parent=self),
        )
        prefixes = found.address_prefixes or [found.address_prefix]
        return _Subnet(
            what=what,
            id=f"{vnet}/subnets/{subnet}",
            ranges=tuple(IPv4Network(each) for each in prefixes if each),
            found=found,
        )

    def _vnet(self, vnet: str) -> network.AwaitableGetVirtualNetworkResult:
        place = AzureId.parse(vnet)
        return network.get_virtual_network(
            resource_group_name=place.resource_group,
            virtual_network_name=place.names[0][1],
            opts=pulumi.InvokeOptions(parent=self),
        )


def _of_vnet(vnet: network.AwaitableGetVirtualNetworkResult, args: ExistingNetworkArgs) -> Iterator[str]:
    if (vnet.location or "").replace(" ", "").lower() != args.location:
        yield f"the virtual network {vnet.name} is in {vnet.location}, and azure.location is {args.location}: use its region"
    space = vnet.address_space.address_prefixes if vnet.address_space else None
    for prefix in space or ():
        for key, range_ in args.ranges.items():
            if range_.overlaps(IPv4Network(prefix)):
                yield f"{key} {range_} overlaps {prefix} of the virtual network {vnet.name}: choose another range"


def _of_nodes(nodes: list[_Subnet], args: ExistingNetworkArgs) -> Iterator[str]:
    for subnet in nodes:
        yield from _usable(subnet)
        if args.by_routes and subnet.found.route_table is None:
            yield (
                f"{subnet.what} has no route table, and with cluster.outbound firewall its nodes leave by one: attach one with a default"
                " route to your firewall (az network vnet subnet update --route-table)"
            )
        group: Any = subnet.found.network_security_group
        if group is not None and f"/{args.managed_resource_group}/".lower() not in str(group.id).lower():
            yield (
                f"{subnet.what} has the security group {group.id}, and ARO attaches one of its own: detach it (az network vnet subnet"
                " update --network-security-group null)"
            )


def _of_peer_pods(subnet: _Subnet | None, args: ExistingNetworkArgs) -> Iterator[str]:
    if subnet is None:
        return
    yield from _usable(subnet)
    if subnet.found.nat_gateway is None and subnet.found.route_table is None:
        yield (
            f"{subnet.what} has neither a NAT gateway nor a route table, so peer pods reach neither the KBS nor a registry: attach a"
            " Standard NAT gateway (az network vnet subnet update --nat-gateway), or a route table that leads to your firewall"
        )
    room = sum(addresses.capacity(each) for each in subnet.ranges)
    if room < args.peer_pods:
        yield (
            f"{subnet.what} has {room} addresses for {args.peer_pods} peer pods (cluster.workerCount times peerPods.limitPerNode): take"
            " a larger subnet or a smaller limit"
        )


def _usable(subnet: _Subnet) -> Iterator[str]:
    if len(subnet.ranges) > 1:
        # The security group of peer pods has one range of workers and one of guests.
        yield f"{subnet.what} has the ranges {', '.join(map(str, subnet.ranges))}, and must have one: take another subnet"
    for each in subnet.ranges:
        if each.prefixlen > _SMALLEST:
            yield f"{subnet.what} is {each}, and must be /{_SMALLEST} or larger: take another subnet"
    for delegation in subnet.found.delegations or ():
        yield f"{subnet.what} is delegated to {delegation.service_name}, which keeps machines out: take another subnet"


def _ids(found: Iterator[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(each.id) for each in found if each is not None))
