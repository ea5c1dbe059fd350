"""An Azure Red Hat OpenShift cluster with managed identities: no service principal, and no secret that can be stolen or expire.

The SDK's own class ends at API 2023-11-22, which knows no identities. So this is Azure's general resource with the body of
API 2025-07-25. What AroCluster says of the resource provider holds here as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import redhatopenshift, resources

from components.cluster.access import ClusterAccess, access, decoded
from components.cluster.shape import AroArgs, switch

API_VERSION = "2025-07-25"


@dataclass(frozen=True, kw_only=True)
class ManagedAroClusterArgs(AroArgs):
    """``operator_identity_ids`` by the name that the resource provider knows the operator by; see ``WorkloadIdentities``."""

    cluster_identity_id: pulumi.Input[str]
    operator_identity_ids: Mapping[str, pulumi.Input[str]]


class ManagedAroCluster(pulumi.ComponentResource):
    """``oidc_issuer`` is who vouches for service accounts of the cluster. Let it depend on the identities and their roles."""

    access: ClusterAccess
    oidc_issuer: pulumi.Output[str]

    def __init__(
        self, name: str, args: ManagedAroClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:ManagedAroCluster", name, {}, opts)
        cluster = resources.Resource(
            f"{name}-aro",
            api_version=API_VERSION,
            resource_provider_namespace="Microsoft.RedHatOpenShift",
            resource_type="openShiftClusters",
            parent_resource_path="",  # needed, also when there is none
            resource_name_=args.cluster_name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            identity=resources.IdentityArgs(
                type=resources.ResourceIdentityType.USER_ASSIGNED,
                user_assigned_identities=[args.cluster_identity_id],
            ),
            properties=_properties(args),
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # Never returned by a read, and not to be rotated by an unrelated change: see docs/operations.md.
                ignore_changes=["properties.clusterProfile.pullSecret"],
                additional_secret_outputs=["properties"],
                custom_timeouts=pulumi.CustomTimeouts(create="2h", update="2h", delete="2h"),
            ),
        )
        credentials = redhatopenshift.list_open_shift_cluster_admin_credentials_output(
            resource_group_name=args.resource_group_name,
            # An output of the cluster, not the literal name: so the call waits until the cluster exists.
            resource_name=cluster.name,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        answer = pulumi.Output.unsecret(cluster.properties)
        self.oidc_issuer = answer.apply(lambda said: _text(said, "clusterProfile", "oidcIssuer"))
        self.access = access(
            name,
            kubeconfig=credentials.kubeconfig.apply(decoded),
            cluster_identifier=args.cluster_name,
            parent=self,
            api_url=answer.apply(lambda said: _text(said, "apiserverProfile", "url")),
        )
        self.register_outputs({**self.access.outputs(), "oidcIssuer": self.oidc_issuer})


def _properties(args: ManagedAroClusterArgs) -> dict[str, object]:
    """The body as the API spells it; this class of the SDK translates no names."""
    key = args.nodes.disk_encryption_set_id
    disks = {} if key is None else {"diskEncryptionSetId": key}
    return {
        "clusterProfile": {
            "domain": args.domain,
            "version": args.version,
            "pullSecret": args.pull_secret,
            "resourceGroupId": args.managed_group_id,
            "fipsValidatedModules": switch(args.nodes.fips),
        },
        "networkProfile": {
            "podCidr": args.network.pod_cidr,
            "serviceCidr": args.network.service_cidr,
            "outboundType": args.network.outbound_type,
            "loadBalancerProfile": {"managedOutboundIps": {"count": args.network.managed_addresses}},
            "preconfiguredNSG": args.network.preconfigured_nsg,
        },
        "masterProfile": {
            "vmSize": args.nodes.control_plane_vm_size,
            "subnetId": args.network.control_plane_subnet_id,
            "encryptionAtHost": switch(args.nodes.encryption_at_host),
            **disks,
        },
        "workerProfiles": [
            {
                "name": "worker",
                "vmSize": args.nodes.worker_vm_size,
                "diskSizeGB": args.nodes.worker_disk_gb,
                "count": args.nodes.worker_count,
                "subnetId": args.network.worker_subnet_id,
                "encryptionAtHost": switch(args.nodes.encryption_at_host),
                **disks,
            }
        ],
        "apiserverProfile": {"visibility": args.network.visibility},
        "ingressProfiles": [{"name": "default", "visibility": args.network.visibility}],
        "platformWorkloadIdentityProfile": {
            "platformWorkloadIdentities": {
                operator: {"resourceId": id} for operator, id in sorted(args.operator_identity_ids.items())
            }
        },
    }


def _text(properties: Mapping[str, Mapping[str, str]], profile: str, name: str) -> str:
    return properties.get(profile, {}).get(name) or ""
