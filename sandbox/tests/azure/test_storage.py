"""Storage accounts in the stand-in: a life cycle, what Azure would refuse, and signatures that are the same each time."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import parse_qs

import pytest

from sandbox.provider import UNKNOWN, Refused
from sandbox.tests.azure.zone import GROUP, Zone

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/cocohub"
_IN: dict[str, Any] = {"resourceGroupName": "coco-hub", "accountName": "cocohub"}
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "account": (
        "azure-native:storage:StorageAccount",
        {
            **_IN,
            "location": "eastus2",
            "kind": "StorageV2",
            "sku": {"name": "Standard_ZRS"},
            "allowBlobPublicAccess": False,
            "minimumTlsVersion": "TLS1_2",
        },
    ),
    "blobs": (
        "azure-native:storage:BlobServiceProperties",
        {
            **_IN,
            "blobServicesName": "default",
            "isVersioningEnabled": True,
            "deleteRetentionPolicy": {"enabled": True, "days": 30},
        },
    ),
    "container": (
        "azure-native:storage:BlobContainer",
        {**_IN, "containerName": "coco-shop", "publicAccess": "None"},
    ),
    "kept": (
        "azure-native:storage:BlobContainerImmutabilityPolicy",
        {
            **_IN,
            "containerName": "coco-shop",
            "immutabilityPolicyName": "default",
            "immutabilityPeriodSinceCreationInDays": 30,
        },
    ),
}
ASKED: dict[str, Any] = {
    **_IN,
    "canonicalizedResource": "/blob/cocohub/coco-shop",
    "resource": "c",
    "permissions": "rcl",
    "protocols": "https",
    "sharedAccessExpiryTime": "2027-06-30T23:59:59Z",
    "keyToSign": "key1",
}
SIGN = "azure-native:storage:listStorageAccountServiceSAS"


@pytest.fixture
def made(zone: Zone) -> Zone:
    zone.make("group")
    for type_, inputs in PARTS.values():
        zone.azure.create(type_, "x", copy.deepcopy(inputs), None)
    return zone


def _changed(which: str, change: dict[str, Any]) -> dict[str, Any]:
    return {**copy.deepcopy(PARTS[which][1]), **change}


@pytest.mark.parametrize("which", PARTS)
def test_what_the_program_sends_is_taken_known_or_not(zone: Zone, which: str) -> None:
    type_, inputs = PARTS[which]
    assert zone.azure.check(type_, which, inputs) == []
    assert zone.azure.check(type_, which, dict.fromkeys(inputs, UNKNOWN)) == []


@pytest.mark.parametrize(
    ("which", "change", "words"),
    [
        ("account", {"accountName": "Coco-Hub"}, "AccountNameInvalid"),
        ("account", {"sku": {"name": "Premium"}}, "one of Standard_LRS"),
        ("account", {"minimumTlsVersion": "TLS1_0"}, "one of TLS1_2"),
        ("account", {"primaryEndpoints": {}}, "is set by Azure"),
        ("blobs", {"blobServicesName": "other"}, "must be default"),
        ("blobs", {"deleteRetentionPolicy": {"enabled": True, "days": 366}}, "1 to 365 days"),
        ("container", {"containerName": "coco--shop"}, "ContainerOperationFailure"),
        ("container", {"containerName": "co"}, "ContainerOperationFailure"),
        ("kept", {"immutabilityPeriodSinceCreationInDays": 0}, "1 to 146000 days"),
        ("kept", {"immutabilityPolicyName": "mine"}, "must be default"),
        ("kept", {"locked": True}, "knows no property"),
    ],
)
def test_a_request_that_is_wrong_by_itself_is_told_in_the_preview(
    zone: Zone, which: str, change: dict[str, Any], words: str
) -> None:
    failures = zone.azure.check(PARTS[which][0], which, _changed(which, change))
    assert any(words in failure.reason for failure in failures), failures


@pytest.mark.parametrize(
    ("which", "change", "code"),
    [
        ("blobs", {"accountName": "other"}, "ParentResourceNotFound"),
        ("container", {"accountName": "other"}, "ParentResourceNotFound"),
        ("container", {"containerName": "open", "publicAccess": "Blob"}, "PublicAccessNotPermitted"),
        ("kept", {"containerName": "other"}, "ParentResourceNotFound"),
    ],
)
def test_what_there_is_decides_too(made: Zone, which: str, change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        made.azure.create(PARTS[which][0], which, _changed(which, change), None)


def test_the_name_of_an_account_is_taken_for_all_of_azure(made: Zone) -> None:
    made.azure.create(
        "azure-native:resources:ResourceGroup",
        "x",
        {"resourceGroupName": "other", "location": "eastus2"},
        None,
    )
    with pytest.raises(Refused, match="StorageAccountAlreadyTaken"):
        made.azure.create(PARTS["account"][0], "x", _changed("account", {"resourceGroupName": "other"}), None)


def test_an_account_takes_all_that_is_in_it_along(made: Zone) -> None:
    assert len([id_ for id_ in made.azure.resources() if id_.startswith(ACCOUNT)]) == 4
    made.azure.delete(PARTS["account"][0], ACCOUNT, {}, {}, None)
    assert [id_ for id_ in made.azure.resources() if id_.startswith(ACCOUNT)] == []


def test_a_signature_says_what_was_asked_and_is_the_same_each_time(made: Zone) -> None:
    first, second = (made.azure.invoke(SIGN, ASKED)["serviceSasToken"] for _ in range(2))
    assert first == second
    fields = {name: value for name, [value] in parse_qs(first).items()}
    assert fields | {"sig": ""} == {
        "sv": "2015-04-05",
        "sr": "c",
        "spr": "https",
        "se": "2027-06-30T23:59:59Z",
        "sp": "rcl",
        "sig": "",
    }
    assert made.azure.invoke(SIGN, ASKED | {"permissions": "rl"})["serviceSasToken"] != first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"accountName": "other"}, "ResourceNotFound"),
        ({"permissions": "lcr"}, "InvalidValuesForRequestParameters"),
        ({"permissions": ""}, "InvalidValuesForRequestParameters"),
        ({"canonicalizedResource": "/blob/other/coco-shop"}, "InvalidValuesForRequestParameters"),
        ({"resource": "b"}, "InvalidValuesForRequestParameters"),
    ],
)
def test_a_signature_that_azure_would_not_make_is_refused(
    made: Zone, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused, match=code):
        made.azure.invoke(SIGN, ASKED | change)


def test_an_account_that_allows_no_keys_signs_nothing(made: Zone) -> None:
    made.azure.change_by_hand(ACCOUNT, allowSharedKeyAccess=False)
    with pytest.raises(Refused, match="KeyBasedAuthenticationNotPermitted"):
        made.azure.invoke(SIGN, ASKED)
