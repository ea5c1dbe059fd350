"""Storage accounts with their blob containers, and what keeps blobs from being changed.

Source: the REST specification of Microsoft.Storage 2024-01-01 (blob.json, storage.json). No blob is stored here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from sandbox.azure.cloud import AzureRecord, Contents, guid
from sandbox.azure.kind import Account, AzureKind, InputProblem, NameRule, PutRequest
from sandbox.azure.schema import FLAG, MAP, NUMBER, TEXT, choice, computed, group, known, required
from sandbox.provider import Refused, Values

_API_VERSION: Final = "2024-01-01"
_ACCOUNT: Final = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    "/providers/Microsoft.Storage/storageAccounts/{accountName}"
)
_CONTAINER: Final = f"{_ACCOUNT}/blobServices/default/containers/{{containerName}}"
_PERMISSIONS: Final = "racwdl"
"""Of a container, in the order in which a signature must name them (Create a service SAS, "Specify permissions")."""


def _put_account(contents: Contents, request: PutRequest) -> Values:
    """The name is part of an address, so no two accounts of Azure have the same."""
    for other in contents.of(STORAGE_ACCOUNT.type):
        if other.name == request.name and other.id.lower() != request.id.lower():
            raise Refused(
                "StorageAccountAlreadyTaken", f"The storage account named {request.name} is already taken."
            )
    defaults = {"allowSharedKeyAccess": True, "allowBlobPublicAccess": False, "enableHttpsTrafficOnly": True}
    return {**defaults, **request.inputs}


def _account_answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    return {
        "primaryEndpoints": {"blob": f"https://{record.name}.blob.core.windows.net/"},
        "provisioningState": "Succeeded",
        "creationTime": record.created,
    }


STORAGE_ACCOUNT: Final = AzureKind(
    type="azure-native:storage:StorageAccount",
    arm_type="Microsoft.Storage/storageAccounts",
    api_version=_API_VERSION,
    address=_ACCOUNT,
    properties={
        "location": required(TEXT),
        "tags": MAP,
        "kind": required(choice("StorageV2", "BlockBlobStorage")),
        "sku": required(
            group(
                name=required(
                    choice("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS", "Standard_RAGRS")
                )
            )
        ),
        "accessTier": choice("Hot", "Cool", "Cold"),
        "allowBlobPublicAccess": FLAG,
        "allowCrossTenantReplication": FLAG,
        "allowSharedKeyAccess": FLAG,
        "enableHttpsTrafficOnly": FLAG,
        # Azure takes no older one since 2026-02-03.
        "minimumTlsVersion": choice("TLS1_2", "TLS1_3"),
        "primaryEndpoints": computed(MAP),
        "provisioningState": computed(TEXT),
        "creationTime": computed(TEXT),
    },
    replacing=frozenset({"location", "kind"}),
    names=NameRule(
        r"[a-z0-9]{3,24}",
        "AccountNameInvalid",
        "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use"
        " numbers and lower-case letters only.",
    ),
    put=_put_account,
    respond=_account_answer,
)
_RETENTION: Final = group(enabled=FLAG, days=NUMBER, allowPermanentDelete=FLAG)


def _service_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        days = known(inputs, f"{policy}.days")
        if days is not None and not 1 <= days <= 365:
            yield InputProblem(
                f"{policy}.days",
                "InvalidXmlDocument",
                f"XML specified is not syntactically valid: {policy} must have 1 to 365 days, not {days}.",
            )


def _holder(contents: Contents, request: PutRequest, id_: str) -> AzureRecord:
    found = contents.find(id_)
    if found is None:
        what = id_.rsplit("/providers/", maxsplit=1)[-1]
        raise Refused(
            "ParentResourceNotFound",
            f"Failed to perform 'write' on resource '{request.id}', because the parent resource '{what}' could not be found.",
        )
    return found


def _put_service(contents: Contents, request: PutRequest) -> Values:
    _holder(contents, request, request.id.rsplit("/blobServices/", 1)[0])
    return dict(request.inputs)


BLOB_SERVICE: Final = AzureKind(
    type="azure-native:storage:BlobServiceProperties",
    arm_type="Microsoft.Storage/storageAccounts/blobServices",
    api_version=_API_VERSION,
    address=f"{_ACCOUNT}/blobServices/{{blobServicesName}}",
    properties={
        "isVersioningEnabled": FLAG,
        "deleteRetentionPolicy": _RETENTION,
        "containerDeleteRetentionPolicy": _RETENTION,
        "sku": computed(MAP),
    },
    names=NameRule(
        "default", "InvalidResourceName", "The name of the blob service must be default, not {name}."
    ),
    problems=_service_problems,
    put=_put_service,
)


def _put_container(contents: Contents, request: PutRequest) -> Values:
    account = _holder(contents, request, request.id.rsplit("/blobServices/", 1)[0])
    if request.inputs.get("publicAccess", "None") != "None" and not account.state["allowBlobPublicAccess"]:
        raise Refused("PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
    return {"publicAccess": "None", **request.inputs}


def _container_answer(contents: Contents, record: AzureRecord, _account: Account) -> Values:
    return {"etag": record.etag, "hasImmutabilityPolicy": bool(contents.inside(record.id))}


BLOB_CONTAINER: Final = AzureKind(
    type="azure-native:storage:BlobContainer",
    arm_type="Microsoft.Storage/storageAccounts/blobServices/containers",
    api_version=_API_VERSION,
    address=_CONTAINER,
    properties={
        "publicAccess": choice("None", "Blob", "Container"),
        "metadata": MAP,
        "etag": computed(TEXT),
        "hasImmutabilityPolicy": computed(FLAG),
    },
    names=NameRule(
        r"(?=.{3,63}\Z)[a-z0-9](?:-?[a-z0-9])*",
        "ContainerOperationFailure",
        "The specified resource name contains invalid characters: {name}. Use 3 to 63 lower-case letters, digits and single hyphens.",
    ),
    put=_put_container,
    respond=_container_answer,
)


def _policy_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    days = known(inputs, "immutabilityPeriodSinceCreationInDays")
    if days is not None and not 1 <= days <= 146000:
        yield InputProblem(
            "immutabilityPeriodSinceCreationInDays",
            "ContainerImmutabilityPolicyFailure",
            f"The immutability period must be from 1 to 146000 days, not {days}.",
        )


def _put_policy(contents: Contents, request: PutRequest) -> Values:
    _holder(contents, request, request.id.rsplit("/immutabilityPolicies/", 1)[0])
    return dict(request.inputs)


def _policy_answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    return {"state": "Unlocked", "etag": record.etag}


IMMUTABILITY_POLICY: Final = AzureKind(
    type="azure-native:storage:BlobContainerImmutabilityPolicy",
    arm_type="Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies",
    api_version=_API_VERSION,
    address=f"{_CONTAINER}/immutabilityPolicies/{{immutabilityPolicyName}}",
    properties={
        "immutabilityPeriodSinceCreationInDays": NUMBER,
        "allowProtectedAppendWrites": FLAG,
        "allowProtectedAppendWritesAll": FLAG,
        "state": computed(TEXT),
        "etag": computed(TEXT),
    },
    names=NameRule(
        "default", "InvalidResourceName", "The name of an immutability policy must be default, not {name}."
    ),
    problems=_policy_problems,
    put=_put_policy,
    respond=_policy_answer,
)


def service_signature(account: AzureRecord, args: Values) -> Values:
    """What listServiceSas answers: the same text for the same request, as long as the account's key is the same."""
    if not account.state["allowSharedKeyAccess"]:
        raise Refused(
            "KeyBasedAuthenticationNotPermitted",
            "Key based authentication is not permitted on this storage account.",
        )
    permissions, resource = str(args.get("permissions", "")), str(args.get("canonicalizedResource", ""))
    ordered = "".join(each for each in _PERMISSIONS if each in permissions)
    if not permissions or permissions != ordered:
        raise Refused(
            "InvalidValuesForRequestParameters",
            f"Values for request parameters are invalid: signedPermission {permissions}.",
        )
    if not re.fullmatch(f"/blob/{account.name}/[a-z0-9-]+", resource) or args.get("resource") != "c":
        raise Refused(
            "InvalidValuesForRequestParameters",
            f"Values for request parameters are invalid: canonicalizedResource {resource}.",
        )
    fields = {
        "sv": "2015-04-05",
        "sr": "c",
        "spr": str(args.get("protocols", "https,http")),
        "se": str(args["sharedAccessExpiryTime"]),
        "sp": permissions,
    }
    key = guid(f"{account.id}#{account.created}#{args.get('keyToSign', 'key1')}").encode()
    signed = hmac.new(key, "\n".join([resource, *fields.values()]).encode(), hashlib.sha256).digest()
    return {"serviceSasToken": urlencode({**fields, "sig": base64.b64encode(signed).decode()})}
