"""A role assignment, as both kinds of ARO cluster need them."""

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
