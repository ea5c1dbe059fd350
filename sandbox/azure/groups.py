"""Resource groups, and user-assigned identities.

ARM deletes a group with everything in it; so does the stand-in, unless something outside the group still uses a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.azure import vm_sizes
from sandbox.azure.cloud import AzureRecord, Contents, guid
from sandbox.azure.kind import Account, AzureKind, InputProblem, NameRule
from sandbox.azure.schema import MAP, TEXT, computed, group, known, location, required
from sandbox.provider import Values


def _region(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    place = known(inputs, "location")
    if place is not None and location(place) not in vm_sizes.REGIONS:
        yield InputProblem(
            "location",
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{place}' is not available for resource group. List of available regions is"
            f" '{','.join(sorted(vm_sizes.REGIONS))}'.",
        )


def _group_answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    return {"properties": {"provisioningState": "Succeeded"}} | (
        {"managedBy": record.facts["managedBy"]} if "managedBy" in record.facts else {}
    )


RESOURCE_GROUP: Final = AzureKind(
    type="azure-native:resources:ResourceGroup",
    arm_type="Microsoft.Resources/resourceGroups",
    api_version="2024-03-01",
    address="/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
    properties={
        "location": required(TEXT),
        "managedBy": TEXT,
        "tags": MAP,
        "properties": computed(group(provisioningState=TEXT)),
    },
    replacing=frozenset({"location"}),
    names=NameRule(
        r"[-\w.()]{0,89}[-\w()]",
        "InvalidResourceGroup",
        "The provided resource group name '{name}' is invalid. It can be up to 90 characters long:"
        " letters, digits, '-', '.', '(', ')' or '_', and must not end with a period.",
    ),
    problems=_region,
    respond=_group_answer,
)


def _identity_answer(_contents: Contents, record: AzureRecord, account: Account) -> Values:
    return {
        "clientId": guid(f"{record.id}#client"),
        "principalId": guid(f"{record.id}#principal"),
        "tenantId": account.tenant_id,
        "systemData": {"createdAt": record.created, "createdByType": "Application"},
    }


USER_ASSIGNED_IDENTITY: Final = AzureKind(
    type="azure-native:managedidentity:UserAssignedIdentity",
    arm_type="Microsoft.ManagedIdentity/userAssignedIdentities",
    api_version="2023-01-31",
    address=(
        "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}"
    ),
    properties={
        "location": TEXT,
        "tags": MAP,
        "clientId": computed(TEXT),
        "principalId": computed(TEXT),
        "tenantId": computed(TEXT),
        "systemData": computed(MAP),
    },
    replacing=frozenset({"location"}),
    names=NameRule(
        r"[A-Za-z0-9][-\w]{2,127}",
        "InvalidResourceName",
        "Resource name {name} is invalid. It must have 3 to 128 letters, digits, '-' or '_', and start"
        " with a letter or digit.",
    ),
    respond=_identity_answer,
)
