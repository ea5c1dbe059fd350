"""An Azure Red Hat OpenShift cluster that the stack makes, in a network of its own."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import resources

from components.cluster.access import ClusterAccess
from components.cluster.aro import AroCluster, AroClusterArgs, ServicePrincipalArgs
from components.cluster.aro_managed import ManagedAroCluster, ManagedAroClusterArgs
from components.cluster.peer_pod_identity import PeerPodIdentity, PeerPodIdentityArgs
from components.cluster.shape import AroArgs, ClusterNetworkArgs, NodeArgs
from components.cluster.workload_identities import WorkloadIdentities, WorkloadIdentitiesArgs
from components.cluster_network import ClusterNetwork
from components.network.existing import Attached
from components.network.peering import Peering
from config.sections import AroSection, CommonSections
from model.azure import naming
from model.azure.workload_identities import Scope
from program.clusters import network as networks
from program.place import PeerPodNetwork, Place
from program.stack import LoadedStack


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What a cluster with either kind of identity stands on."""

    stack: LoadedStack[CommonSections]
    section: AroSection
    in_azure: pulumi.ResourceOptions
    prefix: str
    tags: dict[str, str]
    group: resources.ResourceGroup
    network: ClusterNetwork
    attached: Attached
    egress_address: pulumi.Output[str] | None
    peering: Peering | None

    @property
    def cluster(self) -> AroArgs:
        azure, section, network = self.stack.config.required_azure, self.section, self.network
        return AroArgs(
            cluster_name=self.prefix,
            resource_group_name=self.group.name,
            managed_resource_group=naming.managed_resource_group(self.stack.name),
            subscription_id=azure.subscription_id,
            location=azure.location,
            domain=section.domain,
            version=section.version,
            nodes=NodeArgs(
                control_plane_vm_size=section.control_plane_vm_size,
                worker_vm_size=section.worker_vm_size,
                worker_count=section.worker_count,
                worker_disk_gb=section.worker_disk_gb,
                encryption_at_host=section.encryption_at_host,
                fips=section.fips,
                disk_encryption_set_id=section.disk_encryption_set,
            ),
            network=ClusterNetworkArgs(
                visibility=section.visibility,
                pod_cidr=str(section.pod_cidr),
                service_cidr=str(section.service_cidr),
                vnet_id=network.vnet_id,
                control_plane_subnet_id=network.control_plane_subnet_id,
                worker_subnet_id=network.worker_subnet_id,
                peer_pod_nsg_id=network.peer_pod_nsg_id,
                attached=self.attached.by_name(),
                node_nsg_id=network.node_nsg_id,
                by_routes=section.outbound == "firewall",
            ),
            pull_secret=self.stack.secrets["pullSecret"],
            protect=section.protect,
            tags=self.tags,
        )

    @property
    def resource_provider(self) -> str:
        object_id = self.stack.config.required_azure.resource_provider_object_id
        assert object_id is not None, "config.rules refuses ARO without it"
        return object_id

    def after_network(self, *others: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of the cluster. It comes after all of the network, also after what its own machines are not in: a network card
        that a peer pod left behind keeps the peer-pod subnet, and only the deletion of the cluster takes such a card away.
        """
        before = [self.network, *others, *([self.peering] if self.peering else [])]
        return pulumi.ResourceOptions.merge(self.in_azure, pulumi.ResourceOptions(depends_on=before))


def declare(
    stack: LoadedStack[CommonSections],
    section: AroSection,
    in_azure: pulumi.ResourceOptions,
    runs_peer_pods: bool,
) -> Place:
    ground = _ground(stack, section, in_azure, runs_peer_pods)
    make = _with_managed_identities if section.identity == "managed" else _with_service_principal
    access, peer_pods = make(ground)
    return Place(
        cluster=access,
        in_azure=in_azure,
        operators_from=stack.config.operators.source,
        peer_pods=peer_pods,
        protect=section.protect,
        connected=ground.peering.connected if ground.peering else (),
    )


def _ground(
    stack: LoadedStack[CommonSections],
    section: AroSection,
    in_azure: pulumi.ResourceOptions,
    runs_peer_pods: bool,
) -> _Ground:
    azure, prefix = stack.config.required_azure, naming.resource_group(stack.name)
    tags = {**azure.tags, "coco-stack": stack.name}
    group = resources.ResourceGroup(
        "group", resource_group_name=prefix, location=azure.location, tags=tags, opts=in_azure
    )
    made = networks.declare(
        stack, section, in_azure, prefix=prefix, group=group.name, tags=tags, runs_peer_pods=runs_peer_pods
    )
    return _Ground(
        stack=stack,
        section=section,
        in_azure=in_azure,
        prefix=prefix,
        tags=tags,
        group=group,
        network=made.network,
        attached=made.attached,
        egress_address=made.egress_address,
        peering=made.peering,
    )


def _with_service_principal(ground: _Ground) -> tuple[ClusterAccess, PeerPodNetwork | None]:
    principal = ground.section.service_principal
    assert principal is not None, "config.rules refuses this identity without its section"
    cluster = AroCluster(
        "cluster",
        AroClusterArgs(
            **vars(ground.cluster),
            identity=ServicePrincipalArgs(
                client_id=principal.client_id,
                object_id=principal.object_id,
                client_secret=ground.stack.secrets["clusterClientSecret"],
                resource_provider_object_id=ground.resource_provider,
            ),
        ),
        ground.after_network(),
    )
    subnet_id, nsg_id = ground.network.peer_pod_subnet_id, ground.network.peer_pod_nsg_id
    place = cluster.access.azure
    if place is None or subnet_id is None or nsg_id is None:
        return cluster.access, None
    # In the managed group: ARO's deny assignment spares the cluster's service principal, whose rights OSC uses.
    return cluster.access, PeerPodNetwork(
        resource_group=place.resource_group,
        region=place.location,
        subnet_id=subnet_id,
        nsg_id=nsg_id,
        egress_address=ground.egress_address,
    )


def _scopes(ground: _Ground) -> dict[Scope, pulumi.Input[str]]:
    """Where the identities of a cluster get their roles. Raises RunError for what they cannot be given any on."""
    network, attached = ground.network, ground.attached
    if attached.route_tables or len(attached.nat_gateways) > 1:
        raise pulumi.RunError(
            "network.subnets: the subnets of the nodes use "
            f"{', '.join((*attached.nat_gateways, *attached.route_tables))}, and with cluster.identity managed this program knows the"
            " roles for at most one NAT gateway and for no route table: detach them, or write cluster.identity: servicePrincipal"
        )
    scopes: dict[Scope, pulumi.Input[str]] = {
        Scope.VNET: network.vnet_id,
        Scope.CONTROL_PLANE: network.control_plane_subnet_id,
        Scope.WORKERS: network.worker_subnet_id,
    }
    if ground.section.disk_encryption_set is not None:
        scopes[Scope.DISK_ENCRYPTION_SET] = ground.section.disk_encryption_set
    if network.node_nsg_id is not None:
        scopes[Scope.NETWORK_SECURITY_GROUP] = network.node_nsg_id
    for gateway in attached.nat_gateways:
        scopes[Scope.NAT_GATEWAY] = gateway
    return scopes


def _with_managed_identities(ground: _Ground) -> tuple[ClusterAccess, PeerPodNetwork | None]:
    azure, network = ground.stack.config.required_azure, ground.network
    identities = WorkloadIdentities(
        "identities",
        WorkloadIdentitiesArgs(
            name_prefix=ground.prefix,
            resource_group_name=ground.group.name,
            location=azure.location,
            subscription_id=azure.subscription_id,
            resource_provider_object_id=ground.resource_provider,
            scopes=_scopes(ground),
            tags=ground.tags,
        ),
        ground.in_azure,
    )
    cluster = ManagedAroCluster(
        "cluster",
        ManagedAroClusterArgs(
            **vars(ground.cluster),
            cluster_identity_id=identities.cluster_identity_id,
            operator_identity_ids=identities.operator_identity_ids,
        ),
        ground.after_network(identities),
    )
    if network.peer_pod_subnet_id is None or network.peer_pod_nsg_id is None:
        return cluster.access, None
    identity = PeerPodIdentity(
        "peer-pod-identity",
        PeerPodIdentityArgs(
            stack=ground.stack.name,
            name_prefix=ground.prefix,
            resource_group_name=ground.group.name,
            machines_group=naming.peer_pod_resource_group(ground.stack.name),
            location=azure.location,
            subscription_id=azure.subscription_id,
            issuer=cluster.oidc_issuer,
            subnet_id=network.peer_pod_subnet_id,
            nsg_id=network.peer_pod_nsg_id,
            tags=ground.tags,
        ),
        ground.after_network(),
    )
    return cluster.access, PeerPodNetwork(
        resource_group=identity.machines_group,
        region=pulumi.Output.from_input(azure.location),
        subnet_id=network.peer_pod_subnet_id,
        nsg_id=network.peer_pod_nsg_id,
        egress_address=ground.egress_address,
        identity={
            "CLIENTID": identity.client_id,
            "TENANTID": azure.tenant_id,
            "SUBSCRIPTIONID": azure.subscription_id,
        },
    )
