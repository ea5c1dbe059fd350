"""Role assignments, and who may do what because of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import Account, AzureKind, InputProblem, NameRule, PutRequest
from sandbox.azure.schema import MAP, TEXT, TEXTS, choice, computed, group, known, many, required
from sandbox.openshift.clusters import Clusters
from sandbox.provider import Refused, Values

GUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# The application id of the ARO resource provider. It is not its object id in a directory; people often take one for
# the other.
ARO_RP_APPLICATION: Final = "f1dd0a37-89c6-4e07-bcd1-ffd3d43d8875"
READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
# Built-in roles, and whether they cover join, read and write of everything in Microsoft.Network.
ROLES: Final = {
    "4d97b98b-1d4f-4787-a291-c67834d212e7": True,  # Network Contributor
    "b24988ac-6180-42a0-ab88-20f7382dd24c": True,  # Contributor
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": True,  # Owner
    READER: False,
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": False,  # User Access Administrator
    "befefa01-2a29-4197-83a8-272ff33ce314": False,  # DNS Zone Contributor
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": False,  # Storage Account Contributor
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": False,  # Storage Blob Data Contributor
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": False,  # Key Vault Secrets Officer
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": False,  # Key Vault Crypto Service Encryption User
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": False,  # Virtual Machine Contributor
    # Azure Red Hat OpenShift ...
    "ef318e2a-8334-4a05-9e4a-295a196c6a6e": False,  # Federated Credential
    "a1f96423-95ce-4224-ab27-4e3dc72facd4": False,  # Cloud Controller Manager
    "0336e1d3-7a87-462b-b6db-342b63f7802c": False,  # Cluster Ingress Operator
    "0358943c-7e01-48ba-8889-02cc51d78637": False,  # Machine API Operator
    "5b7237c5-45e1-49d6-bc18-a1f62f400748": False,  # Disk Storage Operator
    "be7a6435-15ae-4171-8f30-4a343eff9e8f": False,  # Network Operator
    "8b32b316-c2f5-4ddf-b05b-83dacd2d08b5": False,  # Image Registry Operator
    "0d7aedc0-15fd-4a67-a412-efad370c947e": False,  # File Storage Operator
    "4436bae4-7702-4c84-919b-c4069ff25ee2": False,  # Service Operator
}
_WRITTEN: Final = {name: computed(TEXT) for name in ("createdOn", "updatedOn", "createdBy", "updatedBy")}
"""What Azure says of who made it and when; `_answer` fills it in."""
_ROLE_ID: Final = (
    rf"(?i)(?:/subscriptions/{GUID})?/providers/Microsoft\.Authorization/roleDefinitions/({GUID})"
)


def _problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    role = known(inputs, "roleDefinitionId")
    if role is not None and re.fullmatch(_ROLE_ID, role) is None:
        message = (
            f"The role definition ID '{role}' is not valid. It must be"
            " '/subscriptions/<id>/providers/Microsoft.Authorization/roleDefinitions/<guid>'."
        )
        yield InputProblem("roleDefinitionId", "InvalidRoleDefinitionId", message)
    principal = known(inputs, "principalId")
    if principal is not None and re.fullmatch(GUID, principal) is None:
        message = f"The Principal ID '{principal}' is not valid. Principal ID must be a GUID."
        yield InputProblem("principalId", "InvalidPrincipalId", message)


def principal_not_found(principal: str, tenant: str) -> str:
    return (
        f"Principal {_bare(principal)} does not exist in the directory {tenant}. Check that you have the correct principal ID. If"
        " you are creating this principal and then immediately assigning a role, this error might be related to a replication"
        " delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or"
        " Group. See https://aka.ms/docs-principaltype"
    )


def _bare(guid: str) -> str:
    return guid.replace("-", "").lower()


def _check_scope(contents: Contents, request: PutRequest) -> None:
    scope = f"/{request.inputs['scope'].strip('/')}"
    if scope.lower() == f"/subscriptions/{request.account.subscription_id}".lower() or contents.find(scope):
        return
    contents.group_of(scope)
    what, group = scope.rsplit("/providers/", maxsplit=1)[-1], scope.split("/")[4]
    raise Refused("ResourceNotFound", f"The Resource '{what}' under resource group '{group}' was not found.")


def _check_role(contents: Contents, request: PutRequest) -> None:
    """A built-in role, or a custom one that may be assigned at the scope."""
    role = request.inputs["roleDefinitionId"].rsplit("/", 1)[-1].lower()
    if role in ROLES:
        return
    custom = next((each for each in contents.of(ROLE_DEFINITION.type) if each.name.lower() == role), None)
    scope = f"/{request.inputs['scope'].strip('/')}/".lower()
    if custom is None or not any(
        scope.startswith(f"{assignable.lower()}/") for assignable in custom.state["assignableScopes"]
    ):
        message = f"The specified role definition with ID '{_bare(role)}' does not exist."
        raise Refused("RoleDefinitionDoesNotExist", message)


def _put(contents: Contents, request: PutRequest) -> Values:
    wanted = {"principalType": "User", **request.inputs}
    if wanted["principalId"].lower() == ARO_RP_APPLICATION:
        raise Refused(
            "PrincipalNotFound", principal_not_found(wanted["principalId"], request.account.tenant_id)
        )
    _check_scope(contents, request)
    _check_role(contents, request)
    if request.existing:
        if _grant(request.existing.state) != _grant(wanted):
            raise Refused(
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )
        return wanted
    for other in contents.of(ROLE_ASSIGNMENT.type):
        if _grant(other.state) == _grant(wanted):
            raise Refused(
                "RoleAssignmentExists",
                f"The role assignment already exists. The ID of the existing role assignment is {_bare(other.name)}.",
            )
    return wanted


def _grant(values: Values) -> tuple[str, str, str]:
    role = values["roleDefinitionId"].rsplit("/", 1)[-1]
    return values["scope"].strip("/").lower(), values["principalId"].lower(), role.lower()


def _answer(_contents: Contents, record: AzureRecord, account: Account) -> Values:
    return {
        "createdOn": record.created,
        "updatedOn": record.created,
        "createdBy": account.object_id,
        "updatedBy": account.object_id,
    }


def may_write_network(contents: Contents, id_: str) -> set[str]:
    """The service principals that may join, read and write a network resource, by an assignment on it or above it."""
    return {
        record.state["principalId"].lower()
        for record in contents.of(ROLE_ASSIGNMENT.type)
        # The SDK sends User where a program says nothing, and Azure does not take a service principal for one.
        if record.state["principalType"] == "ServicePrincipal"
        and f"{id_.lower()}/".startswith(f"/{record.state['scope'].strip('/').lower()}/")
        and ROLES.get(record.state["roleDefinitionId"].rsplit("/", 1)[-1].lower(), False)
    }


def readers(contents: Contents, id_: str) -> set[str]:
    """The service principals that are Reader of a resource, by an assignment on it or above it."""
    return {
        record.state["principalId"].lower()
        for record in contents.of(ROLE_ASSIGNMENT.type)
        if record.state["principalType"] == "ServicePrincipal"
        and has_role(contents, record.state["principalId"], READER, id_)
    }


def has_role(contents: Contents, principal: str, role: str, id_: str) -> bool:
    """Whether an assignment on `id_` or above it gives `principal` exactly this role."""
    return any(
        record.state["principalId"].lower() == principal.lower()
        and record.state["roleDefinitionId"].rsplit("/", 1)[-1].lower() == role
        and f"{id_.lower()}/".startswith(f"/{record.state['scope'].strip('/').lower()}/")
        for record in contents.of(ROLE_ASSIGNMENT.type)
    )


ROLE_ASSIGNMENT: Final = AzureKind(
    type="azure-native:authorization:RoleAssignment",
    arm_type="Microsoft.Authorization/roleAssignments",
    api_version="2022-04-01",
    address="/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    properties={
        "scope": required(TEXT),
        "principalId": required(TEXT),
        "roleDefinitionId": required(TEXT),
        "principalType": choice("User", "Group", "ServicePrincipal", "ForeignGroup", "Device"),
        "description": TEXT,
        "condition": TEXT,
        "conditionVersion": TEXT,
        **_WRITTEN,
        "systemData": computed(MAP),
    },
    replacing=frozenset({"principalId"}),
    names=NameRule(
        GUID,
        "InvalidRoleAssignmentId",
        "The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
    ),
    problems=_problems,
    put=_put,
    respond=_answer,
)


def _definition_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    permissions: list[Values] = known(inputs, "permissions") or []
    for permission in permissions:
        actions: list[str] = known(permission, "actions") or []
        for action in actions:
            if re.fullmatch(r"(?:\*|[A-Za-z.]+)(?:/[A-Za-z*]+)*", action) is None:
                yield InputProblem(
                    "permissions", "InvalidActionOrNotAction", f"'{action}' does not match any of the actions"
                )
    if known(inputs, "assignableScopes") == []:
        message = "The assignable scopes cannot be null or empty."
        yield InputProblem("assignableScopes", "MissingRequiredProperty", message)


def _put_definition(contents: Contents, request: PutRequest) -> Values:
    """Names of custom roles are unique in a tenant."""
    for other in contents.of(ROLE_DEFINITION.type):
        if other.id.lower() != request.id.lower() and other.state["roleName"] == request.inputs["roleName"]:
            message = f"A custom role with the same name '{request.inputs['roleName']}' already exists in this directory."
            raise Refused("RoleDefinitionWithSameNameExists", message)
    return request.inputs


def _delete_definition(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    for assignment in contents.of(ROLE_ASSIGNMENT.type):
        if assignment.state["roleDefinitionId"].rsplit("/", 1)[-1].lower() == record.name.lower():
            message = "There are existing role assignments referencing role. Delete them first."
            raise Refused("RoleDefinitionHasAssignments", message)


ROLE_DEFINITION: Final = AzureKind(
    type="azure-native:authorization:RoleDefinition",
    arm_type="Microsoft.Authorization/roleDefinitions",
    api_version="2022-05-01-preview",
    address="/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    properties={
        "scope": required(TEXT),
        "roleName": required(TEXT),
        "roleType": choice("CustomRole"),
        "description": TEXT,
        "assignableScopes": required(TEXTS),
        "permissions": required(many(group(actions=required(TEXTS), notActions=TEXTS))),
        **_WRITTEN,
    },
    names=NameRule(
        GUID,
        "InvalidRoleDefinitionId",
        "The role definition ID '{name}' is not valid. The role definition ID must be a GUID.",
    ),
    problems=_definition_problems,
    put=_put_definition,
    respond=_answer,
    delete=_delete_definition,
)
