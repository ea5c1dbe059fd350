"""The identity that makes peer pods on a cluster without a service principal, and the resource group that they are made in.

ARO denies everybody but the cluster's own identities to write in its managed group, so the machines get a group of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity, resources

from components.grants import custom_role, grant
from model.azure import peer_pod_rights

# What OSC's pods run as; the audience is the one of all tokens that an OpenShift cluster issues for Azure.
_SUBJECT = "system:serviceaccount:openshift-sandboxed-containers-operator:default"
_AUDIENCE = "openshift"


@dataclass(frozen=True, kw_only=True)
class PeerPodIdentityArgs:
    """``issuer`` is the OIDC issuer of the cluster. The machines get their addresses in the subnet ``subnet_id``.

    ``resource_group_name`` is the group of the identity, ``machines_group`` the name of the group to make for the machines.
    """

    stack: str
    name_prefix: str
    resource_group_name: pulumi.Input[str]
    machines_group: str
    location: str
    subscription_id: str
    issuer: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    nsg_id: pulumi.Input[str]
    tags: Mapping[str, str]


class PeerPodIdentity(pulumi.ComponentResource):
    """``client_id`` and ``machines_group`` are known only when the identity may do all that it needs.

    Let it depend on the network: the group of the machines must be deleted before the subnet that their network cards are in.
    """

    client_id: pulumi.Output[str]
    machines_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: PeerPodIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:PeerPodIdentity", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        machines = resources.ResourceGroup(
            f"{name}-machines",
            resource_group_name=args.machines_group,
            location=args.location,
            tags=args.tags,
            opts=child,
        )
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=f"{args.name_prefix}-peer-pods",
            resource_group_name=args.resource_group_name,
            location=args.location,
            tags=args.tags,
            opts=child,
        )
        credential = managedidentity.FederatedIdentityCredential(
            f"{name}-credential",
            federated_identity_credential_resource_name="sandboxed-containers",
            resource_name_=identity.name,
            resource_group_name=args.resource_group_name,
            issuer=args.issuer,
            subject=_SUBJECT,
            audiences=[_AUDIENCE],
            opts=child,
        )
        scopes: list[tuple[str, Sequence[str], Mapping[str, pulumi.Input[str]]]] = [
            ("machines", peer_pod_rights.MACHINES, {"group": machines.id}),
            ("join", peer_pod_rights.JOIN, {"subnet": args.subnet_id, "nsg": args.nsg_id}),
            ("sizes", peer_pod_rights.SIZES, {"subscription": f"/subscriptions/{args.subscription_id}"}),
        ]
        granted: list[pulumi.Output[str]] = []
        for what, actions, on in scopes:
            role = custom_role(
                f"{name}-role-{what}",
                subscription_id=args.subscription_id,
                owner=args.stack,
                what=what,
                description="What cloud-api-adaptor and the job for the pod VM image do",
                actions=actions,
                parent=self,
            )
            for where, scope in on.items():
                given = grant(
                    f"{name}-{what}-on-{where}",
                    subscription_id=args.subscription_id,
                    scope=role.at(scope),
                    principal=identity.principal_id,
                    role_id=role.id,
                    parent=self,
                )
                granted.append(given.id)
        ready = pulumi.Output.all(credential.id, *granted)
        self.client_id = pulumi.Output.all(identity.client_id, ready).apply(lambda all_: all_[0])
        self.machines_group = pulumi.Output.all(machines.name, ready).apply(lambda all_: all_[0])
        self.register_outputs({"clientId": self.client_id, "machinesGroup": self.machines_group})
