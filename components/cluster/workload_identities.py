"""The nine identities of an ARO cluster with managed identities, and every role that they need before there is a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from components.grants import grant
from model.azure.workload_identities import (
    FEDERATED_CREDENTIAL,
    NETWORK_CONTRIBUTOR,
    OPERATORS,
    READER,
    Scope,
    grants,
)


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentitiesArgs:
    """``scopes`` are the ids of what the network of the cluster has; VNet and both subnets of the nodes are always among them.

    ``resource_provider_object_id``: the service principal of ARO's resource provider (RP) in this tenant.
    """

    name_prefix: str
    resource_group_name: pulumi.Input[str]
    location: str
    subscription_id: str
    resource_provider_object_id: str
    scopes: Mapping[Scope, pulumi.Input[str]]
    tags: Mapping[str, str]


class WorkloadIdentities(pulumi.ComponentResource):
    """Depend on the whole component: the RP asks for all of these rights when the cluster is made, and for some when it is deleted.

    There are no federated credentials here: the RP makes them, and refuses an identity that has one already.
    """

    cluster_identity_id: pulumi.Output[str]
    operator_identity_ids: Mapping[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: WorkloadIdentitiesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:WorkloadIdentities", name, {}, opts)

        def identity(who: str) -> managedidentity.UserAssignedIdentity:
            return managedidentity.UserAssignedIdentity(
                f"{name}-{who}",
                resource_name_=f"{args.name_prefix}-{who}",
                resource_group_name=args.resource_group_name,
                location=args.location,
                tags=args.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )

        def give(what: str, scope: pulumi.Input[str], principal: pulumi.Input[str], role_id: str) -> None:
            grant(
                f"{name}-{what}",
                subscription_id=args.subscription_id,
                scope=scope,
                principal=principal,
                role_id=role_id,
                parent=self,
            )

        cluster = identity("aro-cluster")
        operators = {operator.name: identity(operator.name) for operator in OPERATORS}
        for operator, its in operators.items():
            give(f"cluster-on-{operator}", its.id, cluster.principal_id, FEDERATED_CREDENTIAL)
        for each in grants(args.scopes.keys()):
            give(
                f"{each.operator}-on-{each.scope}",
                args.scopes[each.scope],
                operators[each.operator].principal_id,
                each.role_id,
            )
        for scope in (Scope.VNET, Scope.NAT_GATEWAY, Scope.NETWORK_SECURITY_GROUP):
            if scope in args.scopes:
                give(
                    f"rp-on-{scope}",
                    args.scopes[scope],
                    args.resource_provider_object_id,
                    NETWORK_CONTRIBUTOR,
                )

        if Scope.DISK_ENCRYPTION_SET in args.scopes:
            on_it = args.scopes[Scope.DISK_ENCRYPTION_SET]
            give("rp-on-des", on_it, args.resource_provider_object_id, READER)

        self.cluster_identity_id = cluster.id
        self.operator_identity_ids = {operator: its.id for operator, its in operators.items()}
        self.register_outputs({"clusterIdentityId": self.cluster_identity_id})
