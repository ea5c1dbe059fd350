"""Role assignments, and who may do what because of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import Account, AzureKind, InputProblem, NameRule, PutRequest
from sandbox.azure.schema import MAP, TEXT, choice, computed, known, required
from sandbox.provider import Refused, Values

GUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# The application id of the ARO resource provider. It is not its object id in a directory; people often take one for
# the other.
ARO_RP_APPLICATION: Final = "f1dd0a37-89c6-4e07-bcd1-ffd3d43d8875"
# Built-in roles, and whether they cover join, read and write of everything in Microsoft.Network. Custom roles are unknown here.
ROLES: Final = {
    "4d97b98b-1d4f-4787-a291-c67834d212e7": True,  # Network Contributor
    "b24988ac-6180-42a0-ab88-20f7382dd24c": True,  # Contributor
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": True,  # Owner
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": False,  # Reader
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": False,  # User Access Administrator
    "befefa01-2a29-4197-83a8-272ff33ce314": False,  # DNS Zone Contributor
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": False,  # Storage Account Contributor
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": False,  # Storage Blob Data Contributor
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": False,  # Key Vault Secrets Officer
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": False,  # Key Vault Crypto Service Encryption User
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": False,  # Virtual Machine Contributor
}


def _problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    role = known(inputs, "roleDefinitionId")
    if role is not None:
        form = rf"(?i)(?:/subscriptions/{GUID})?/providers/Microsoft\.Authorization/roleDefinitions/({GUID})"
        match = re.fullmatch(form, role)
        if match is None:
            message = (
                f"The role definition ID '{role}' is not valid. It must be"
                " '/subscriptions/<id>/providers/Microsoft.Authorization/roleDefinitions/<guid>'."
            )
            yield InputProblem("roleDefinitionId", "InvalidRoleDefinitionId", message)
        elif match.group(1).lower() not in ROLES:
            message = f"The specified role definition with ID '{_bare(match.group(1))}' does not exist."
            yield InputProblem("roleDefinitionId", "RoleDefinitionDoesNotExist", message)
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


def _put(contents: Contents, request: PutRequest) -> Values:
    wanted = {"principalType": "User", **request.inputs}
    if wanted["principalId"].lower() == ARO_RP_APPLICATION:
        raise Refused(
            "PrincipalNotFound", principal_not_found(wanted["principalId"], request.account.tenant_id)
        )
    _check_scope(contents, request)
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
        and ROLES[record.state["roleDefinitionId"].rsplit("/", 1)[-1].lower()]
    }


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
        "createdOn": computed(TEXT),
        "updatedOn": computed(TEXT),
        "createdBy": computed(TEXT),
        "updatedBy": computed(TEXT),
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
