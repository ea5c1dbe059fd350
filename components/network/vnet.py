"""The network of one zone: a VNet and its subnets for control plane, workers and, in a spoke, peer pods.

Subnets are resources of their own and never part of the VNet's document: azure-native would otherwise plan to wipe one with
the other. They are created one after the other, because ARM refuses two writes to one VNet at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from components.cluster_network import ClusterNetwork
from components.node_nsg import NodeNsgArgs, node_nsg
from components.peer_pod_nsg import PeerPodNsgArgs, peer_pod_nsg
from model.azure import addresses


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """``plan`` decides the subnets; the peer-pod subnet is made when it has one and needs ``nat_gateway_id`` then.

    ``nodes_public``: whether everybody may reach API and ingress, or connected networks alone, by a security group on the subnets of
    the nodes; None where ARO brings its own.
    """

    name_prefix: str
    resource_group_name: pulumi.Input[str]
    location: str
    cidr: str
    plan: addresses.Plan
    nat_gateway_id: pulumi.Input[str] | None
    nodes_public: bool | None = None
    tags: Mapping[str, str]


class Network(ClusterNetwork):
    """A VNet. Each subnet has exactly one outbound path: the cluster's load balancer, or the NAT gateway."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:network:Network", name, {}, opts)
        vnet = network.VirtualNetwork(
            f"{name}-vnet",
            virtual_network_name=f"{args.name_prefix}-vnet",
            resource_group_name=args.resource_group_name,
            location=args.location,
            address_space={"address_prefixes": [args.cidr]},
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnets"]),
        )
        self.vnet_id = vnet.id

        # ARO attaches its own NSG and service endpoints to the subnets of its nodes; undoing that breaks the cluster.
        ignored = ["networkSecurityGroup", "serviceEndpoints", "privateLinkServiceNetworkPolicies"]
        group = None
        if args.nodes_public is not None:
            ignored.remove("networkSecurityGroup")
            nsg = node_nsg(
                name,
                NodeNsgArgs(
                    name_prefix=args.name_prefix,
                    resource_group_name=args.resource_group_name,
                    location=args.location,
                    own_range=args.cidr,
                    public=args.nodes_public,
                    tags=args.tags,
                ),
                self,
            )
            self.node_nsg_id, group = nsg.id, network.NetworkSecurityGroupArgs(id=nsg.id)
        control_plane = network.Subnet(
            f"{name}-control-plane",
            subnet_name="control-plane",
            resource_group_name=args.resource_group_name,
            virtual_network_name=vnet.name,
            address_prefix=str(args.plan.control_plane),
            default_outbound_access=False,
            private_link_service_network_policies="Disabled",
            network_security_group=group,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=ignored),
        )
        workers = network.Subnet(
            f"{name}-workers",
            subnet_name="workers",
            resource_group_name=args.resource_group_name,
            virtual_network_name=vnet.name,
            address_prefix=str(args.plan.workers),
            default_outbound_access=False,
            network_security_group=group,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=ignored, depends_on=[control_plane]),
        )
        self.control_plane_subnet_id = control_plane.id
        self.worker_subnet_id = workers.id

        if args.plan.peer_pods is not None and args.nat_gateway_id is not None:
            nsg = peer_pod_nsg(
                name,
                PeerPodNsgArgs(
                    name_prefix=args.name_prefix,
                    resource_group_name=args.resource_group_name,
                    location=args.location,
                    workers=str(args.plan.workers),
                    peer_pods=str(args.plan.peer_pods),
                    tags=args.tags,
                ),
                self,
            )
            peer_pods = network.Subnet(
                f"{name}-peer-pods",
                subnet_name="peer-pods",
                resource_group_name=args.resource_group_name,
                virtual_network_name=vnet.name,
                address_prefix=str(args.plan.peer_pods),
                default_outbound_access=False,
                nat_gateway={"id": args.nat_gateway_id},
                network_security_group={"id": nsg.id},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[workers]),
            )
            self.peer_pod_subnet_id = peer_pods.id
            self.peer_pod_nsg_id = nsg.id
        self.publish()
