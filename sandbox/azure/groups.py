"""Resource groups.

ARM deletes a group with everything in it; so does the stand-in, unless something outside the group still uses a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.azure import vm_sizes
from sandbox.azure.cloud import AzureRecord, Contents
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
