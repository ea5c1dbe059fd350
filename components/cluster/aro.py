"""An Azure Red Hat OpenShift cluster with a service principal.

The resource provider (RP) insists on far more than the SDK's types say, refuses nearly every later change, and answers bad
input with a bare internal error: everything it wants is sent, nothing is sent empty.
"""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import redhatopenshift

from components.cluster.access import ClusterAccess, access, decoded
from components.cluster.shape import AroArgs, switch
from components.grants import custom_role, grant
from model.azure import peer_pod_rights
from model.azure.workload_identities import NETWORK_CONTRIBUTOR, READER


@dataclass(frozen=True, kw_only=True)
class ServicePrincipalArgs:
    """The identity that the cluster acts with, and that of ARO's resource provider in the same tenant."""

    client_id: str
    object_id: str
    client_secret: pulumi.Output[str]
    resource_provider_object_id: str


@dataclass(frozen=True, kw_only=True)
class AroClusterArgs(AroArgs):
    """``identity``: what the cluster acts with."""

    identity: ServicePrincipalArgs


class AroCluster(pulumi.ComponentResource):
    """The cluster, with the role assignments that must exist before it and outlive it."""

    access: ClusterAccess

    def __init__(self, name: str, args: AroClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:cluster:AroCluster", name, {}, opts)
        balancer = None
        if args.network.managed_addresses is not None:
            count = redhatopenshift.ManagedOutboundIPsArgs(count=args.network.managed_addresses)
            balancer = redhatopenshift.LoadBalancerProfileArgs(managed_outbound_ips=count)
        cluster = redhatopenshift.OpenShiftCluster(
            f"{name}-aro",
            resource_name_=args.cluster_name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            cluster_profile={
                "domain": args.domain,
                "version": args.version,
                "pull_secret": args.pull_secret,
                "resource_group_id": args.managed_group_id,
                "fips_validated_modules": switch(args.nodes.fips),
            },
            # Classes and no mappings: they leave out what is None.
            network_profile=redhatopenshift.NetworkProfileArgs(
                pod_cidr=args.network.pod_cidr,
                service_cidr=args.network.service_cidr,
                outbound_type=args.network.outbound_type,
                load_balancer_profile=balancer,
                preconfigured_nsg=args.network.preconfigured_nsg,
            ),
            master_profile=redhatopenshift.MasterProfileArgs(
                vm_size=args.nodes.control_plane_vm_size,
                subnet_id=args.network.control_plane_subnet_id,
                encryption_at_host=switch(args.nodes.encryption_at_host),
                disk_encryption_set_id=args.nodes.disk_encryption_set_id,
            ),
            worker_profiles=[
                redhatopenshift.WorkerProfileArgs(
                    name="worker",
                    vm_size=args.nodes.worker_vm_size,
                    disk_size_gb=args.nodes.worker_disk_gb,
                    count=args.nodes.worker_count,
                    subnet_id=args.network.worker_subnet_id,
                    encryption_at_host=switch(args.nodes.encryption_at_host),
                    disk_encryption_set_id=args.nodes.disk_encryption_set_id,
                )
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
                depends_on=[*self._rights(name, args), *self._right_to_list_sizes(name, args)],
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
            kubeconfig=credentials.kubeconfig.apply(decoded),
            cluster_identifier=args.cluster_name,
            parent=self,
            api_url=cluster.apiserver_profile.apply(lambda profile: (profile.url if profile else None) or ""),
        )
        self.register_outputs(self.access.outputs())

    def _rights(self, name: str, args: AroClusterArgs) -> list[pulumi.Resource]:
        """Rights on the VNet do not reach what is beside it, so each scope gets an assignment of its own.

        Of disks both only read which key encrypts them (python/az/aro/azext_aro/_rbac.py).
        """
        who = {"cluster": args.identity.object_id, "rp": args.identity.resource_provider_object_id}
        scopes: dict[str, tuple[pulumi.Input[str], str]] = {
            "vnet": (args.network.vnet_id, NETWORK_CONTRIBUTOR)
        }
        scopes |= {what: (id_, NETWORK_CONTRIBUTOR) for what, id_ in args.network.attached.items()}
        if args.network.node_nsg_id is not None:
            scopes["nodes-nsg"] = (args.network.node_nsg_id, NETWORK_CONTRIBUTOR)
        if args.nodes.disk_encryption_set_id is not None:
            scopes["disks"] = (args.nodes.disk_encryption_set_id, READER)

        def give(whose: str, what: str, scope: pulumi.Input[str], role_id: str) -> pulumi.Resource:
            return grant(
                f"{name}-{whose}-{what}",
                subscription_id=args.subscription_id,
                scope=scope,
                principal=who[whose],
                role_id=role_id,
                parent=self,
            )

        given = [give(each, what, *scope) for what, scope in scopes.items() for each in who]
        if args.network.peer_pod_nsg_id is not None:
            given.append(give("cluster", "peer-pods-nsg", args.network.peer_pod_nsg_id, NETWORK_CONTRIBUTOR))
        return given

    def _right_to_list_sizes(self, name: str, args: AroClusterArgs) -> list[pulumi.Resource]:
        """cloud-api-adaptor asks at its start which sizes the subscription has, and exits where it may not know.

        ARO gives the cluster's principal rights in the managed group alone. A role of its own, because the narrowest
        built-in one, Reader, shows the whole subscription to whoever runs this cluster.
        """
        if args.network.peer_pod_nsg_id is None:
            return []
        role = custom_role(
            f"{name}-role-sizes",
            subscription_id=args.subscription_id,
            owner=args.cluster_name,
            what="sizes",
            description="What cloud-api-adaptor does at its start",
            actions=peer_pod_rights.SIZES,
            parent=self,
        )
        given = grant(
            f"{name}-cluster-sizes",
            subscription_id=args.subscription_id,
            scope=role.at(f"/subscriptions/{args.subscription_id}"),
            principal=args.identity.object_id,
            role_id=role.id,
            parent=self,
        )
        return [given]
