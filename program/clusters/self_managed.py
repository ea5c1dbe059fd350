"""A self-managed OpenShift cluster that the stack makes, in a network of its own."""

import pulumi

from components.cluster.self_managed import SelfManagedCluster, SelfManagedClusterArgs
from components.cluster_network import ClusterNetwork
from config.sections import CommonSections, SelfManagedSection
from model.azure.ids import AzureId
from model.azure.install_config import InstallConfig
from program.clusters import network as networks
from program.place import PeerPodNetwork, Place
from program.stack import LoadedStack


def declare(
    stack: LoadedStack[CommonSections],
    section: SelfManagedSection,
    in_azure: pulumi.ResourceOptions,
    runs_peer_pods: bool,
) -> Place:
    azure = stack.config.required_azure
    ground = networks.declare(stack, section, in_azure, runs_peer_pods=runs_peer_pods)
    network = ground.network
    cluster = SelfManagedCluster(
        "cluster",
        SelfManagedClusterArgs(
            stack=stack.name,
            cluster_name=section.name,
            version=str(section.version),
            install_config=_install_config(stack, section, network, ground.tags),
            subscription_id=azure.subscription_id,
            tenant_id=azure.tenant_id,
            client_id=section.service_principal.client_id,
            client_secret=stack.secrets["clusterClientSecret"],
            pull_secret=stack.secrets["pullSecret"],
            protect=section.protect,
        ),
        pulumi.ResourceOptions(depends_on=ground.whole_network),
    )
    peer_pods, place = None, cluster.access.azure
    if place is not None and network.peer_pod_subnet_id is not None and network.peer_pod_nsg_id is not None:
        # The cluster hands its own credentials on (passthrough), and makes peer pods where its other machines are.
        peer_pods = PeerPodNetwork(
            resource_group=place.resource_group,
            region=place.location,
            subnet_id=network.peer_pod_subnet_id,
            nsg_id=network.peer_pod_nsg_id,
            egress_address=ground.egress_address,
        )
    return Place(
        cluster=cluster.access,
        in_azure=in_azure,
        operators_from=stack.config.operators.source,
        peer_pods=peer_pods,
        protect=section.protect,
        network=ground.own_network,
    )


def _install_config(
    stack: LoadedStack[CommonSections],
    section: SelfManagedSection,
    network: ClusterNetwork,
    tags: dict[str, str],
) -> pulumi.Output[InstallConfig]:
    azure, network_section = stack.config.required_azure, stack.config.network
    assert network_section is not None, (
        "config.rules refuses a cluster that the stack makes without a network"
    )

    def with_subnets(ids: list[str]) -> InstallConfig:
        control_plane, workers = (AzureId.parse(id_) for id_ in ids)
        return InstallConfig(
            subscription_id=azure.subscription_id,
            name=section.name,
            base_domain=section.base_domain,
            base_domain_resource_group=section.base_domain_resource_group,
            region=azure.location,
            control_plane_vm_size=section.control_plane_vm_size,
            worker_vm_size=section.worker_vm_size,
            worker_count=section.worker_count,
            worker_disk_gb=section.worker_disk_gb,
            encryption_at_host=section.encryption_at_host,
            network_resource_group=control_plane.resource_group,
            virtual_network=control_plane.names[0][1],
            control_plane_subnet=control_plane.names[1][1],
            worker_subnet=workers.names[1][1],
            machine_cidr=str(network_section.cidr),
            pod_cidr=str(section.pod_cidr),
            service_cidr=str(section.service_cidr),
            visibility=section.visibility,
            tags=tags,
        )

    return pulumi.Output.all(network.control_plane_subnet_id, network.worker_subnet_id).apply(with_subnets)
