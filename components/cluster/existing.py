"""A cluster that is already there, ARO or self-managed: the program installs into it and never changes its machines."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi_azure_native import network

from components.cluster import facts


@dataclass(frozen=True, kw_only=True)
class ExistingClusterArgs:
    """``kubeconfig`` is the text of a kubeconfig with cluster-admin rights.

    ``runs_peer_pods``: peer pods will run in the cluster's worker subnet, which must then have a NAT gateway.
    """

    cluster_name: str
    kubeconfig: pulumi.Output[str]
    runs_peer_pods: bool


class ExistingCluster(pulumi.ComponentResource):
    """The same outputs as ``OpenShiftCluster``, all of them read from the cluster itself."""

    kubeconfig: pulumi.Output[str]
    provider: k8s.Provider
    api_url: pulumi.Output[str]
    console_url: pulumi.Output[str]
    apps_domain: pulumi.Output[str]
    azure: facts.AzureCloud
    peer_pod_subnet_id: pulumi.Output[str] | None = None

    def __init__(
        self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:ExistingCluster", name, {}, opts)
        self.kubeconfig = pulumi.Output.secret(args.kubeconfig)
        self.provider = facts.kubernetes_provider(
            f"{name}-kubernetes",
            kubeconfig=self.kubeconfig,
            cluster_identifier=args.cluster_name,
            parent=self,
        )
        read = pulumi.ResourceOptions(parent=self, provider=self.provider)
        self.apps_domain = facts.apps_domain(f"{name}-ingress", read)
        self.api_url = facts.api_url(f"{name}-infrastructure", read)
        self.azure = facts.azure_cloud(f"{name}-cloud-conf", read)
        self.console_url = facts.console_url(self.apps_domain)
        if args.runs_peer_pods:
            subnet = network.get_subnet_output(
                resource_group_name=self.azure.vnet_resource_group,
                virtual_network_name=self.azure.vnet_name,
                subnet_name=self.azure.subnet_name,
                opts=pulumi.InvokeOutputOptions(parent=self),
            )
            self.peer_pod_subnet_id = pulumi.Output.all(
                id=self.azure.subnet_id, gateway=subnet.nat_gateway
            ).apply(lambda found: with_way_out(found["id"], found["gateway"]))
        self.register_outputs(
            {
                "apiUrl": self.api_url,
                "consoleUrl": self.console_url,
                "appsDomain": self.apps_domain,
                "kubeconfig": self.kubeconfig,
            }
        )


def with_way_out(subnet_id: str, nat_gateway: object | None) -> str:
    """The id of a subnet that peer pods can use; RunError when they could reach neither the KBS nor a registry from it."""
    if nat_gateway is None:
        raise pulumi.RunError(
            f"the worker subnet {subnet_id} has no NAT gateway: peer pods in it have no way out and would hang in "
            "ContainerCreating. Attach a Standard NAT gateway to it (az network vnet subnet update --nat-gateway) and run again."
        )
    return subnet_id
