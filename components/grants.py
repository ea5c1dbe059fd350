"""Roles in Azure, and who has them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from model.azure import naming


def grant(
    name: str,
    *,
    subscription_id: str,
    scope: pulumi.Input[str],
    principal: pulumi.Input[str],
    role_id: str,
    parent: pulumi.Resource,
) -> authorization.RoleAssignment:
    """Give ``principal``, a service principal or an identity, a role on ``scope``.

    The same grant always has the same name: under another name Azure answers RoleAssignmentExists.
    """
    return authorization.RoleAssignment(
        name,
        role_assignment_name=pulumi.Output.all(scope, principal).apply(
            lambda both: naming.role_assignment_name(both[0], both[1], role_id)
        ),
        scope=scope,
        principal_id=principal,
        # Without the type a new principal that the directory has not replicated yet is refused as not found.
        principal_type="ServicePrincipal",
        role_definition_id=(
            f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


@dataclass(frozen=True, kw_only=True)
class CustomRole:
    """A role that the stack makes. ``id`` is its GUID."""

    id: str
    definition: authorization.RoleDefinition

    def at(self, scope: pulumi.Input[str]) -> pulumi.Output[str]:
        """``scope``, known once the role is there: only then can it be given."""
        return pulumi.Output.all(scope, self.definition.id).apply(lambda both: both[0])


def custom_role(
    name: str,
    *,
    subscription_id: str,
    owner: str,
    what: str,
    description: str,
    actions: Sequence[str],
    parent: pulumi.Resource,
) -> CustomRole:
    """A role of the subscription with just these ``actions``.

    ``owner`` and ``what`` name it. Names of custom roles are unique in a tenant.
    """
    subscription = f"/subscriptions/{subscription_id}"
    role_id = naming.role_definition_name(subscription, f"{owner} {what}")
    definition = authorization.RoleDefinition(
        name,
        role_definition_id=role_id,
        role_name=f"CoCo peer pods of {owner} in {subscription_id}: {what}",
        description=description,
        role_type="CustomRole",
        scope=subscription,
        assignable_scopes=[subscription],
        permissions=[{"actions": list(actions)}],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return CustomRole(id=role_id, definition=definition)
