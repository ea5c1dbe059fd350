"""What the kinds of cluster that the program makes are told of their machines and of their network."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class NodeArgs:
    """The machines of the cluster. ``worker_disk_gb`` is in GB."""

    control_plane_vm_size: str
    worker_vm_size: str
    worker_count: int
    worker_disk_gb: int


@dataclass(frozen=True, kw_only=True)
class ClusterNetworkArgs:
    """Where the machines get their addresses, and the ranges inside the cluster. ``visibility`` is Public or Private.

    ``peer_pod_nsg_id``: the cluster's service principal makes the peer pods' network cards and must be able to join it.
    """

    visibility: str
    pod_cidr: str
    service_cidr: str
    vnet_id: pulumi.Input[str]
    control_plane_subnet_id: pulumi.Input[str]
    worker_subnet_id: pulumi.Input[str]
    peer_pod_nsg_id: pulumi.Input[str] | None
