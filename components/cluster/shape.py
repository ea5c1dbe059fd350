"""What an ARO cluster is told, whatever identity it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True, kw_only=True)
class NodeArgs:
    """The machines of the cluster. ``worker_disk_gb`` is in GB. ``encryption_at_host``, ``fips`` and ``disk_encryption_set_id`` are
    decided at creation, for all.
    """

    control_plane_vm_size: str
    worker_vm_size: str
    worker_count: int
    worker_disk_gb: int
    encryption_at_host: bool = False
    fips: bool = False
    disk_encryption_set_id: str | None = None


def switch(wanted: bool) -> str:
    """As the RP writes it; it takes nothing else, and no silence."""
    return "Enabled" if wanted else "Disabled"


@dataclass(frozen=True, kw_only=True)
class ClusterNetworkArgs:
    """Where the machines get their addresses, and the ranges inside the cluster. ``visibility`` is Public or Private.

    ``peer_pod_nsg_id``: the cluster's service principal makes the peer pods' network cards and must be able to join it. ``attached``: by
    a name for its role assignments, the id of each NAT gateway and route table that the subnets of the nodes use.
    ``node_nsg_id``: a security group that both of these subnets have already; None where ARO is to attach its own.
    ``by_routes``: the nodes leave by the route table of their subnets, and not by the cluster's load balancer.
    """

    visibility: str
    pod_cidr: str
    service_cidr: str
    vnet_id: pulumi.Input[str]
    control_plane_subnet_id: pulumi.Input[str]
    worker_subnet_id: pulumi.Input[str]
    peer_pod_nsg_id: pulumi.Input[str] | None
    attached: Mapping[str, str] = field(default_factory=dict[str, str])
    node_nsg_id: pulumi.Input[str] | None = None
    by_routes: bool = False

    @property
    def outbound_type(self) -> str:
        """As the RP writes it."""
        return "UserDefinedRouting" if self.by_routes else "Loadbalancer"

    @property
    def managed_addresses(self) -> int | None:
        """How many public addresses ARO makes for the way out: one is the RP's own default, and a later request without it would count
        as a change; with routes of one's own it takes none.
        """
        return None if self.by_routes else 1

    @property
    def preconfigured_nsg(self) -> str:
        """As the RP writes it; decided at creation."""
        return switch(self.node_nsg_id is not None)


@dataclass(frozen=True, kw_only=True)
class AroArgs:
    """The cluster object is in ``resource_group_name``, its machines are in ``managed_resource_group``, which the RP makes."""

    cluster_name: str
    resource_group_name: pulumi.Input[str]
    managed_resource_group: str
    subscription_id: str
    location: str
    domain: str
    version: str
    nodes: NodeArgs
    network: ClusterNetworkArgs
    pull_secret: pulumi.Output[str]
    protect: bool
    tags: Mapping[str, str]

    @property
    def managed_group_id(self) -> str:
        """In lower case, as the RP stores it: it compares this id with later requests letter by letter."""
        return f"/subscriptions/{self.subscription_id}/resourcegroups/{self.managed_resource_group}".lower()
