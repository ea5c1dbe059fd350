"""An Azure Red Hat OpenShift cluster that the stack makes, in a network of its own."""

from dataclasses import dataclass

import pulumi

from components.cluster.access import ClusterAccess
from components.cluster.aro import AroCluster, AroClusterArgs, ServicePrincipalArgs
from components.cluster.aro_managed import ManagedAroCluster, ManagedAroClusterArgs
from components.cluster.peer_pod_identity import PeerPodIdentity, PeerPodIdentityArgs
from components.cluster.shape import AroArgs, ClusterNetworkArgs, NodeArgs
from components.cluster.workload_identities import WorkloadIdentities, WorkloadIdentitiesArgs
from config.sections import AroSection, CommonSections
from model.azure import naming
from model.azure.workload_identities import Scope
from program.clusters import network as networks
from program.place import PeerPodNetwork, Place
from program.stack import LoadedStack


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A cluster with either kind of identity, on its ``ground``."""

    stack: LoadedStack[CommonSections]
    section: AroSection
    in_azure: pulumi.ResourceOptions
    ground: networks.Ground

    @property
    def cluster(self) -> AroArgs:
        azure, section, ground = self.stack.config.required_azure, self.section, self.ground
        network = ground.network
        return AroArgs(
            cluster_name=ground.prefix,
            resource_group_name=ground.group.name,
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
                attached=ground.attached.by_name(),
                node_nsg_id=network.node_nsg_id,
                by_routes=section.outbound == "firewall",
            ),
            pull_secret=self.stack.secrets["pullSecret"],
            protect=section.protect,
            tags=ground.tags,
        )

    @property
    def resource_provider(self) -> str:
        object_id = self.stack.config.required_azure.resource_provider_object_id
        assert object_id is not None, "config.rules refuses ARO without it"
        return object_id

    def after_network(self, *others: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of what comes after all of the network, and ``others``."""
        before = pulumi.ResourceOptions(depends_on=[*self.ground.whole_network, *others])
        return pulumi.ResourceOptions.merge(self.in_azure, before)


def declare(
    stack: LoadedStack[CommonSections],
    section: AroSection,
    in_azure: pulumi.ResourceOptions,
    runs_peer_pods: bool,
) -> Place:
    ground = networks.declare(stack, section, in_azure, runs_peer_pods=runs_peer_pods)
    plan = _Plan(stack=stack, section=section, in_azure=in_azure, ground=ground)
    make = _with_managed_identities if section.identity == "managed" else _with_service_principal
    access, peer_pods = make(plan)
    return Place(
        cluster=access,
        in_azure=in_azure,
        operators_from=stack.config.operators.source,
        peer_pods=peer_pods,
        protect=section.protect,
        network=ground.own_network,
    )


def _with_service_principal(plan: _Plan) -> tuple[ClusterAccess, PeerPodNetwork | None]:
    principal = plan.section.service_principal
    assert principal is not None, "config.rules refuses this identity without its section"
    cluster = AroCluster(
        "cluster",
        AroClusterArgs(
            **vars(plan.cluster),
            identity=ServicePrincipalArgs(
                client_id=principal.client_id,
                object_id=principal.object_id,
                client_secret=plan.stack.secrets["clusterClientSecret"],
                resource_provider_object_id=plan.resource_provider,
            ),
        ),
        plan.after_network(),
    )
    subnet_id, nsg_id = plan.ground.network.peer_pod_subnet_id, plan.ground.network.peer_pod_nsg_id
    place = cluster.access.azure
    if place is None or subnet_id is None or nsg_id is None:
        return cluster.access, None
    # In the managed group: ARO's deny assignment spares the cluster's service principal, whose rights OSC uses.
    return cluster.access, PeerPodNetwork(
        resource_group=place.resource_group,
        region=place.location,
        subnet_id=subnet_id,
        nsg_id=nsg_id,
        egress_address=plan.ground.egress_address,
    )


def _scopes(plan: _Plan) -> dict[Scope, pulumi.Input[str]]:
    """Where the identities of a cluster get their roles. Raises RunError for what they cannot be given any on."""
    network, attached = plan.ground.network, plan.ground.attached
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
    if plan.section.disk_encryption_set is not None:
        scopes[Scope.DISK_ENCRYPTION_SET] = plan.section.disk_encryption_set
    if network.node_nsg_id is not None:
        scopes[Scope.NETWORK_SECURITY_GROUP] = network.node_nsg_id
    for gateway in attached.nat_gateways:
        scopes[Scope.NAT_GATEWAY] = gateway
    return scopes


def _with_managed_identities(plan: _Plan) -> tuple[ClusterAccess, PeerPodNetwork | None]:
    azure, ground = plan.stack.config.required_azure, plan.ground
    network = ground.network
    identities = WorkloadIdentities(
        "identities",
        WorkloadIdentitiesArgs(
            name_prefix=ground.prefix,
            resource_group_name=ground.group.name,
            location=azure.location,
            subscription_id=azure.subscription_id,
            resource_provider_object_id=plan.resource_provider,
            scopes=_scopes(plan),
            tags=ground.tags,
        ),
        plan.in_azure,
    )
    cluster = ManagedAroCluster(
        "cluster",
        ManagedAroClusterArgs(
            **vars(plan.cluster),
            cluster_identity_id=identities.cluster_identity_id,
            operator_identity_ids=identities.operator_identity_ids,
        ),
        plan.after_network(identities),
    )
    if network.peer_pod_subnet_id is None or network.peer_pod_nsg_id is None:
        return cluster.access, None
    identity = PeerPodIdentity(
        "peer-pod-identity",
        PeerPodIdentityArgs(
            stack=plan.stack.name,
            name_prefix=ground.prefix,
            resource_group_name=ground.group.name,
            machines_group=naming.peer_pod_resource_group(plan.stack.name),
            location=azure.location,
            subscription_id=azure.subscription_id,
            issuer=cluster.oidc_issuer,
            subnet_id=network.peer_pod_subnet_id,
            nsg_id=network.peer_pod_nsg_id,
            tags=ground.tags,
        ),
        plan.after_network(),
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
