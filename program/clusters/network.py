"""The group and the network of a cluster that the stack makes: one of the stack's own with a NAT gateway, or subnets that are there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import resources

from components.cluster_network import ClusterNetwork
from components.network.egress import NatEgress, NatEgressArgs
from components.network.existing import Attached, ExistingNetwork, ExistingNetworkArgs
from components.network.peering import Peering, PeeringArgs
from components.network.vnet import Network, NetworkArgs
from components.network.vpn import Vpn, VpnArgs
from components.vpn_site import Site
from config.secret_values import vpn_keys
from config.sections import (
    AroSection,
    CommonSections,
    MadeSection,
    SelfManagedSection,
    SubnetsSection,
    UntrustedZone,
    VpnSection,
)
from model.azure import addresses, naming
from program.place import OwnNetwork
from program.stack import LoadedStack


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a cluster that the stack makes stands on. ``prefix`` is the start of names in Azure, ``group`` that of the stack.

    ``attached``: what subnets that are there use. ``egress_address``: of peer pods, where the stack makes their way out.
    ``peering`` and ``vpn``: what connects the network with others.
    """

    prefix: str
    tags: dict[str, str]
    group: resources.ResourceGroup
    network: ClusterNetwork
    attached: Attached = field(default_factory=Attached)
    egress_address: pulumi.Output[str] | None = None
    peering: Peering | None = None
    vpn: Vpn | None = None

    @property
    def whole_network(self) -> list[pulumi.Resource]:
        """What a cluster comes after, also after what its own machines are not in: a network card that a peer pod left behind
        keeps the peer-pod subnet, and only the deletion of the cluster takes such a card away.
        """
        return [self.network, *(each for each in (self.peering, self.vpn) if each)]

    @property
    def own_network(self) -> OwnNetwork | None:
        """The network, where the stack makes it."""
        if not isinstance(self.network, Network):
            return None
        return OwnNetwork(
            vnet_id=self.network.vnet_id,
            resource_group=self.group.name,
            connected=tuple(id_ for each in (self.peering, self.vpn) if each for id_ in each.connected),
            vpn_address=self.vpn.address if self.vpn else None,
        )


def declare(
    stack: LoadedStack[CommonSections],
    section: MadeSection,
    in_azure: pulumi.ResourceOptions,
    *,
    runs_peer_pods: bool,
) -> Ground:
    azure, wanted = stack.config.required_azure, stack.config.network
    assert wanted is not None, "config.rules refuses a cluster that the stack makes without a network"
    prefix, tags = naming.resource_group(stack.name), {**azure.tags, "coco-stack": stack.name}
    group = resources.ResourceGroup(
        "group", resource_group_name=prefix, location=azure.location, tags=tags, opts=in_azure
    )
    if wanted.subnets is not None:
        found = _existing(stack, section, wanted.subnets, in_azure, prefix, group.name, tags)
        return Ground(prefix=prefix, tags=tags, group=group, network=found, attached=found.attached)
    assert wanted.cidr is not None, "config.rules refuses a network without a range and without subnets"
    egress = None
    if runs_peer_pods:
        egress = NatEgress(
            "egress",
            NatEgressArgs(
                name_prefix=prefix, resource_group_name=group.name, location=azure.location, tags=tags
            ),
            in_azure,
        )
    # ARO takes the decision at the creation of the cluster: the group is there wherever others may be connected one day.
    connected = wanted.peers is not None or wanted.vpn is not None
    guarded = connected or isinstance(section, SelfManagedSection)
    plan = addresses.plan(wanted.cidr, peer_pods=runs_peer_pods)
    network = Network(
        "network",
        NetworkArgs(
            name_prefix=prefix,
            resource_group_name=group.name,
            location=azure.location,
            cidr=str(wanted.cidr),
            plan=plan,
            nat_gateway_id=egress.nat_gateway_id if egress else None,
            nodes_public=section.visibility == "Public" if guarded else None,
            tags=tags,
        ),
        in_azure,
    )
    peering = _peering(stack, wanted.peers, network, group.name, in_azure) if wanted.peers else None
    vpn = None
    if wanted.vpn is not None:
        after = pulumi.ResourceOptions(depends_on=[each for each in (network, peering) if each])
        after = pulumi.ResourceOptions.merge(in_azure, after)
        vpn = _vpn(stack, wanted.vpn, group.name, str(wanted.cidr), str(plan.vpn_gateway), tags, after)
    return Ground(
        prefix=prefix,
        tags=tags,
        group=group,
        network=network,
        egress_address=egress.address if egress else None,
        peering=peering,
        vpn=vpn,
    )


def _vpn(
    stack: LoadedStack[CommonSections],
    section: VpnSection,
    group: pulumi.Output[str],
    own_range: str,
    subnet: str,
    tags: Mapping[str, str],
    after_network: pulumi.ResourceOptions,
) -> Vpn:
    azure = stack.config.required_azure
    return Vpn(
        "vpn",
        VpnArgs(
            gateway_name=naming.vpn_gateway(stack.name),
            resource_group_name=group,
            location=azure.location,
            vnet_name=naming.virtual_network(stack.name),
            own_range=own_range,
            subnet=subnet,
            sku=section.sku,
            asn=section.asn,
            sites={
                name: Site(
                    address=str(site.address),
                    ranges=[str(each) for each in site.ranges],
                    bgp=(site.bgp.asn, str(site.bgp.address)) if site.bgp else None,
                )
                for name, site in section.sites.items()
            },
            gateways=section.gateways,
            keys=stack.secrets["vpnKeys"].apply(vpn_keys),
            subscription_id=azure.subscription_id,
            tenant_id=azure.tenant_id,
            tags=tags,
        ),
        after_network,
    )


def _peering(
    stack: LoadedStack[CommonSections],
    remotes: tuple[str, ...],
    network: ClusterNetwork,
    group: pulumi.Output[str],
    in_azure: pulumi.ResourceOptions,
) -> Peering:
    azure = stack.config.required_azure
    return Peering(
        "peering",
        PeeringArgs(
            vnet_name=naming.virtual_network(stack.name),
            group_name=naming.resource_group(stack.name),
            resource_group_name=group,
            remotes=remotes,
            subscription_id=azure.subscription_id,
            tenant_id=azure.tenant_id,
        ),
        pulumi.ResourceOptions.merge(in_azure, pulumi.ResourceOptions(depends_on=[network])),
    )


def _existing(
    stack: LoadedStack[CommonSections],
    section: MadeSection,
    subnets: SubnetsSection,
    in_azure: pulumi.ResourceOptions,
    prefix: str,
    group: pulumi.Output[str],
    tags: Mapping[str, str],
) -> ExistingNetwork:
    config = stack.config
    per_node = config.peer_pods.limit_per_node if isinstance(config, UntrustedZone) else 0
    return ExistingNetwork(
        "network",
        ExistingNetworkArgs(
            name_prefix=prefix,
            resource_group_name=group,
            location=config.required_azure.location,
            vnet_id=subnets.vnet,
            control_plane_subnet=subnets.control_plane,
            worker_subnet=subnets.workers,
            peer_pod_subnet=subnets.peer_pods,
            managed_resource_group=naming.managed_resource_group(stack.name),
            ranges={"cluster.podCidr": section.pod_cidr, "cluster.serviceCidr": section.service_cidr},
            peer_pods=section.worker_count * per_node,
            by_routes=isinstance(section, AroSection) and section.outbound == "firewall",
            tags=tags,
        ),
        in_azure,
    )
