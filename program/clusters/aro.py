"""An Azure Red Hat OpenShift cluster that the stack makes, in a network of its own."""

import pulumi
from pulumi_azure_native import resources

from components.cluster.aro import (
    AroCluster,
    AroClusterArgs,
    ClusterNetworkArgs,
    NodeArgs,
    ServicePrincipalArgs,
)
from components.network.egress import NatEgress, NatEgressArgs
from components.network.vnet import Network, NetworkArgs
from config.sections import AroSection, CommonSections
from model.azure import addresses, naming
from program.place import PeerPodNetwork, Place
from program.stack import LoadedStack


def declare(
    stack: LoadedStack[CommonSections],
    section: AroSection,
    in_azure: pulumi.ResourceOptions,
    runs_peer_pods: bool,
) -> Place:
    config, prefix = stack.config, naming.resource_group(stack.name)
    assert config.network is not None, "config.rules refuses an ARO cluster without a network"
    assert config.azure.resource_provider_object_id is not None, "config.rules refuses ARO without it"
    location, tags = config.azure.location, {**config.azure.tags, "coco-stack": stack.name}

    group = resources.ResourceGroup(
        "group", resource_group_name=prefix, location=location, tags=tags, opts=in_azure
    )
    egress = None
    if runs_peer_pods:
        egress = NatEgress(
            "egress",
            NatEgressArgs(name_prefix=prefix, resource_group_name=group.name, location=location, tags=tags),
            in_azure,
        )
    network = Network(
        "network",
        NetworkArgs(
            name_prefix=prefix,
            resource_group_name=group.name,
            location=location,
            cidr=str(config.network.cidr),
            plan=addresses.plan(config.network.cidr, peer_pods=runs_peer_pods),
            nat_gateway_id=egress.nat_gateway_id if egress else None,
            tags=tags,
        ),
        in_azure,
    )
    cluster = AroCluster(
        "cluster",
        AroClusterArgs(
            cluster_name=prefix,
            resource_group_name=group.name,
            managed_resource_group=naming.managed_resource_group(stack.name),
            subscription_id=config.azure.subscription_id,
            location=location,
            domain=section.domain,
            version=section.version,
            nodes=NodeArgs(
                control_plane_vm_size=section.control_plane_vm_size,
                worker_vm_size=section.worker_vm_size,
                worker_count=section.worker_count,
                worker_disk_gb=section.worker_disk_gb,
            ),
            network=ClusterNetworkArgs(
                visibility=section.visibility,
                pod_cidr=str(section.pod_cidr),
                service_cidr=str(section.service_cidr),
                vnet_id=network.vnet_id,
                control_plane_subnet_id=network.control_plane_subnet_id,
                worker_subnet_id=network.worker_subnet_id,
                peer_pod_nsg_id=network.peer_pod_nsg_id,
            ),
            identity=ServicePrincipalArgs(
                client_id=section.service_principal.client_id,
                object_id=section.service_principal.object_id,
                client_secret=stack.secrets["clusterClientSecret"],
                resource_provider_object_id=config.azure.resource_provider_object_id,
            ),
            pull_secret=stack.secrets["pullSecret"],
            protect=section.protect,
            tags=tags,
        ),
        in_azure,
    )
    return Place(
        cluster=cluster.access,
        in_azure=in_azure,
        operators_from=config.operators.source,
        peer_pods=_peer_pods(cluster, network, egress),
        protect=section.protect,
    )


def _peer_pods(cluster: AroCluster, network: Network, egress: NatEgress | None) -> PeerPodNetwork | None:
    """In the managed group: ARO's deny assignment spares the cluster's service principal, whose rights OSC uses."""
    azure = cluster.access.azure
    if (
        egress is None
        or azure is None
        or network.peer_pod_subnet_id is None
        or network.peer_pod_nsg_id is None
    ):
        return None
    return PeerPodNetwork(
        resource_group=azure.resource_group,
        region=azure.location,
        subnet_id=network.peer_pod_subnet_id,
        nsg_id=network.peer_pod_nsg_id,
        egress_address=egress.address,
    )
