"""Where a zone runs: its Azure network and its OpenShift cluster, made or found."""

from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure_native
import pulumi_kubernetes as k8s
from pulumi_azure_native import resources

from components.cluster.aro import OpenShiftCluster, OpenShiftClusterArgs
from components.cluster.existing import ExistingCluster, ExistingClusterArgs
from components.network.egress import NatEgress, NatEgressArgs
from components.network.vnet import Network, NetworkArgs
from config.sections import AroSection, ExistingSection
from model.azure import addresses, naming
from program.stack import LoadedStack


@dataclass(frozen=True, kw_only=True)
class PeerPodNetwork:
    """Where the virtual machines of peer pods are made."""

    resource_group: pulumi.Output[str]
    region: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    nsg_id: pulumi.Output[str]
    egress_address: pulumi.Output[str] | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cluster to install into; ``peer_pods`` only where the zone runs some, ``protect`` where it must not go by accident."""

    provider: k8s.Provider
    apps_domain: pulumi.Output[str]
    console_url: pulumi.Output[str]
    peer_pods: PeerPodNetwork | None
    protect: bool = False

    def on_cluster(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a component that lives on this cluster and comes ``after`` others."""
        return pulumi.ResourceOptions(providers=[self.provider], depends_on=list(after))


def declare(stack: LoadedStack, *, runs_peer_pods: bool) -> Place:
    azure = stack.config.azure
    provider = azure_native.Provider(
        "azure", subscription_id=azure.subscription_id, tenant_id=azure.tenant_id
    )
    in_azure = pulumi.ResourceOptions(providers=[provider])
    match stack.config.cluster:
        case ExistingSection() as section:
            return _existing(stack, section, in_azure, runs_peer_pods)
        case AroSection() as section:
            return _aro(stack, section, in_azure, runs_peer_pods)


def _existing(
    stack: LoadedStack, section: ExistingSection, in_azure: pulumi.ResourceOptions, runs_peer_pods: bool
) -> Place:
    cluster = ExistingCluster(
        "cluster",
        ExistingClusterArgs(
            cluster_name=section.name, kubeconfig=stack.secrets["kubeconfig"], runs_peer_pods=runs_peer_pods
        ),
        in_azure,
    )
    peer_pods = cluster.peer_pod_subnet_id and PeerPodNetwork(
        resource_group=cluster.azure.resource_group,
        region=cluster.azure.location,
        subnet_id=cluster.peer_pod_subnet_id,
        nsg_id=cluster.azure.nsg_id,
        egress_address=None,
    )
    return Place(
        provider=cluster.provider,
        apps_domain=cluster.apps_domain,
        console_url=cluster.console_url,
        peer_pods=peer_pods,
    )


def _aro(
    stack: LoadedStack, section: AroSection, in_azure: pulumi.ResourceOptions, runs_peer_pods: bool
) -> Place:
    config, prefix = stack.config, naming.resource_group(stack.name)
    assert config.network is not None, "config.rules refuses an ARO cluster without a network"
    assert config.azure.resource_provider_object_id is not None, "config.rules refuses ARO without it"
    location, tags = config.azure.location, {**config.azure.tags, "coco-stack": stack.name}

    group = resources.ResourceGroup(
        "group", resource_group_name=prefix, location=location, tags=tags, opts=in_azure
    )
    egress = runs_peer_pods and NatEgress(
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
    cluster = OpenShiftCluster(
        "cluster",
        OpenShiftClusterArgs(
            cluster_name=prefix,
            resource_group_name=group.name,
            managed_resource_group=naming.managed_resource_group(stack.name),
            subscription_id=config.azure.subscription_id,
            location=location,
            domain=section.domain,
            version=section.version,
            visibility=section.visibility,
            control_plane_vm_size=section.control_plane_vm_size,
            worker_vm_size=section.worker_vm_size,
            worker_count=section.worker_count,
            worker_disk_gb=section.worker_disk_gb,
            pod_cidr=str(section.pod_cidr),
            service_cidr=str(section.service_cidr),
            vnet_id=network.vnet_id,
            control_plane_subnet_id=network.control_plane_subnet_id,
            worker_subnet_id=network.worker_subnet_id,
            peer_pod_nsg_id=network.peer_pod_nsg_id,
            client_id=section.service_principal.client_id,
            client_object_id=section.service_principal.object_id,
            client_secret=stack.secrets["clusterClientSecret"],
            resource_provider_object_id=config.azure.resource_provider_object_id,
            pull_secret=stack.secrets["pullSecret"],
            protect=section.protect,
            tags=tags,
        ),
        in_azure,
    )
    peer_pods = None
    if egress and network.peer_pod_subnet_id is not None and network.peer_pod_nsg_id is not None:
        peer_pods = PeerPodNetwork(
            # ARO's deny assignment spares the cluster's service principal, whose rights OSC uses: the managed group it is.
            resource_group=cluster.azure.resource_group,
            region=cluster.azure.location,
            subnet_id=network.peer_pod_subnet_id,
            nsg_id=network.peer_pod_nsg_id,
            egress_address=egress.address,
        )
    return Place(
        provider=cluster.provider,
        apps_domain=cluster.apps_domain,
        console_url=cluster.console_url,
        peer_pods=peer_pods,
        protect=section.protect,
    )
