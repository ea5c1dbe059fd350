"""A cluster that is already there, ARO or self-managed: the program installs into it and never changes its machines.

Only one that runs peer pods has to be on Azure.
"""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from components.cluster.access import ClusterAccess, access


@dataclass(frozen=True, kw_only=True)
class ExistingClusterArgs:
    """``kubeconfig`` is the text of a kubeconfig with cluster-admin rights.

    ``runs_peer_pods``: peer pods will run in the cluster's worker subnet, which must then have a NAT gateway.
    """

    cluster_name: str
    kubeconfig: pulumi.Output[str]
    runs_peer_pods: bool


class ExistingCluster(pulumi.ComponentResource):
    """``peer_pod_subnet_id`` is the cluster's worker subnet, where peer pods run in it."""

    access: ClusterAccess
    peer_pod_subnet_id: pulumi.Output[str] | None = None

    def __init__(
        self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:ExistingCluster", name, {}, opts)
        self.access = access(
            name,
            kubeconfig=args.kubeconfig,
            cluster_identifier=args.cluster_name,
            parent=self,
            on_azure=args.runs_peer_pods,
        )
        azure = self.access.azure
        if args.runs_peer_pods and azure is not None:
            subnet = network.get_subnet_output(
                resource_group_name=azure.vnet_resource_group,
                virtual_network_name=azure.vnet_name,
                subnet_name=azure.subnet_name,
                opts=pulumi.InvokeOutputOptions(parent=self),
            )
            self.peer_pod_subnet_id = pulumi.Output.all(
                id=azure.subnet_id, gateway=subnet.nat_gateway, routes=subnet.route_table
            ).apply(lambda found: with_outbound_path(found["id"], found["gateway"] or found["routes"]))
        self.register_outputs(self.access.outputs())


def with_outbound_path(subnet_id: str, path: object | None) -> str:
    """The id of a subnet that peer pods can use; RunError when they could reach neither the KBS nor a registry from it.

    ``path`` is its NAT gateway, or its route table, which may lead to a firewall: where the routes lead is not looked at.
    """
    if path is None:
        raise pulumi.RunError(
            f"the worker subnet {subnet_id} has neither a NAT gateway nor a route table: peer pods in it have no outbound path and"
            " would stay in ContainerCreating. Attach a Standard NAT gateway to it (az network vnet subnet update --nat-gateway),"
            " or a route table with a route to your firewall (--route-table), and run again."
        )
    return subnet_id
