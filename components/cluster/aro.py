"""An Azure Red Hat OpenShift cluster with a service principal.

The resource provider (RP) insists on far more than the SDK's types say, refuses nearly every later change, and answers bad
input with a bare internal error: everything it wants is sent, nothing is sent empty.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, redhatopenshift

from components.cluster.access import ClusterAccess, access
from model.azure import naming

NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"


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


@dataclass(frozen=True, kw_only=True)
class ServicePrincipalArgs:
    """The identity that the cluster acts with, and that of ARO's resource provider in the same tenant."""

    client_id: str
    object_id: str
    client_secret: pulumi.Output[str]
    resource_provider_object_id: str


@dataclass(frozen=True, kw_only=True)
class AroClusterArgs:
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
    identity: ServicePrincipalArgs
    pull_secret: pulumi.Output[str]
    protect: bool
    tags: Mapping[str, str]


class AroCluster(pulumi.ComponentResource):
    """The cluster, with the role assignments that must exist before it and outlive it."""

    access: ClusterAccess

    def __init__(self, name: str, args: AroClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:cluster:AroCluster", name, {}, opts)
        cluster = redhatopenshift.OpenShiftCluster(
            f"{name}-aro",
            resource_name_=args.cluster_name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            cluster_profile={
                "domain": args.domain,
                "version": args.version,
                "pull_secret": args.pull_secret,
                # The RP stores this id in lower case and compares it with later requests letter by letter.
                "resource_group_id": f"/subscriptions/{args.subscription_id}/resourcegroups/{args.managed_resource_group}".lower(),
                "fips_validated_modules": "Disabled",
            },
            network_profile={
                "pod_cidr": args.network.pod_cidr,
                "service_cidr": args.network.service_cidr,
                "outbound_type": "Loadbalancer",
                # The RP's own default. A later request without it counts as a change, which the RP refuses.
                "load_balancer_profile": {"managed_outbound_ips": {"count": 1}},
                "preconfigured_nsg": "Disabled",
            },
            master_profile={
                "vm_size": args.nodes.control_plane_vm_size,
                "subnet_id": args.network.control_plane_subnet_id,
                "encryption_at_host": "Disabled",
            },
            worker_profiles=[
                {
                    "name": "worker",
                    "vm_size": args.nodes.worker_vm_size,
                    "disk_size_gb": args.nodes.worker_disk_gb,
                    "count": args.nodes.worker_count,
                    "subnet_id": args.network.worker_subnet_id,
                    "encryption_at_host": "Disabled",
                }
            ],
            apiserver_profile={"visibility": args.network.visibility},
            ingress_profiles=[{"name": "default", "visibility": args.network.visibility}],
            service_principal_profile={
                "client_id": args.identity.client_id,
                "client_secret": args.identity.client_secret,
            },
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                depends_on=self._network_rights(name, args),
                # Never returned by a read, and not to be rotated by an unrelated change: see docs/operations.md.
                ignore_changes=["clusterProfile.pullSecret"],
                additional_secret_outputs=["clusterProfile", "servicePrincipalProfile"],
                custom_timeouts=pulumi.CustomTimeouts(create="2h", update="2h", delete="2h"),
            ),
        )
        credentials = redhatopenshift.list_open_shift_cluster_admin_credentials_output(
            resource_group_name=args.resource_group_name,
            # An output of the cluster, not the literal name: so the call waits until the cluster exists.
            resource_name=cluster.name,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        self.access = access(
            name,
            kubeconfig=credentials.kubeconfig.apply(_decoded),
            cluster_identifier=args.cluster_name,
            parent=self,
            api_url=cluster.apiserver_profile.apply(lambda profile: (profile.url if profile else None) or ""),
        )
        self.register_outputs(self.access.outputs())

    def _network_rights(self, name: str, args: AroClusterArgs) -> list[pulumi.Resource]:
        """Rights on the VNet do not reach a security group beside it, so each scope gets an assignment of its own."""
        wanted: list[tuple[str, str, pulumi.Input[str]]] = [
            ("cluster-vnet", args.identity.object_id, args.network.vnet_id),
            ("rp-vnet", args.identity.resource_provider_object_id, args.network.vnet_id),
        ]
        if args.network.peer_pod_nsg_id is not None:
            wanted.append(("cluster-peer-pods-nsg", args.identity.object_id, args.network.peer_pod_nsg_id))
        return [
            authorization.RoleAssignment(
                f"{name}-{what}",
                role_assignment_name=_assignment_name(scope, principal),
                scope=scope,
                principal_id=principal,
                # Without the type a new principal that the directory has not replicated yet is refused as not found.
                principal_type="ServicePrincipal",
                role_definition_id=(
                    f"/subscriptions/{args.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{NETWORK_CONTRIBUTOR}"
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for what, principal, scope in wanted
        ]


def _assignment_name(scope: pulumi.Input[str], principal: str) -> pulumi.Output[str]:
    """The same grant always has the same name. Under another name Azure answers RoleAssignmentExists."""
    return pulumi.Output.from_input(scope).apply(
        lambda id: naming.role_assignment_name(id, principal, NETWORK_CONTRIBUTOR)
    )


def _decoded(kubeconfig: str | None) -> str:
    return base64.b64decode(kubeconfig or "").decode()
