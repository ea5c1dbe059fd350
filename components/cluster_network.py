"""What a cluster needs to know of its network, whoever made it."""

import pulumi


class ClusterNetwork(pulumi.ComponentResource):
    """Ids of a VNet and of its subnets for control plane, workers and, where some run, peer pods, with the security group of these.

    ``node_nsg_id``: the stack's own security group on both subnets of the nodes, None where there is none or somebody else's.
    """

    vnet_id: pulumi.Output[str]
    control_plane_subnet_id: pulumi.Output[str]
    worker_subnet_id: pulumi.Output[str]
    peer_pod_subnet_id: pulumi.Output[str] | None = None
    peer_pod_nsg_id: pulumi.Output[str] | None = None
    node_nsg_id: pulumi.Output[str] | None = None

    def publish(self) -> None:
        """The last step of whoever makes it."""
        self.register_outputs(
            {
                "vnetId": self.vnet_id,
                "controlPlaneSubnetId": self.control_plane_subnet_id,
                "workerSubnetId": self.worker_subnet_id,
                "peerPodSubnetId": self.peer_pod_subnet_id,
                "peerPodNsgId": self.peer_pod_nsg_id,
                "nodeNsgId": self.node_nsg_id,
            }
        )
