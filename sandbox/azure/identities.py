"""User-assigned identities, and the federated credentials by which a cluster's service accounts use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents, guid
from sandbox.azure.kind import Account, AzureKind, InputProblem, NameRule, PutRequest
from sandbox.azure.schema import MAP, TEXT, TEXTS, computed, known, required
from sandbox.provider import Refused, Values


def _answer(_contents: Contents, record: AzureRecord, account: Account) -> Values:
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
    respond=_answer,
)


def credentials_of(contents: Contents, identity_id: str) -> list[AzureRecord]:
    """The federated credentials of an identity."""
    return [record for record in contents.inside(identity_id) if record.type == FEDERATED_CREDENTIAL.type]


def _problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    issuer, audiences = known(inputs, "issuer"), known(inputs, "audiences")
    if issuer is not None and re.fullmatch(r"https://[^\s]{1,592}", issuer) is None:
        message = f"The issuer '{issuer}' is not valid: it must be the https address of an OIDC issuer."
        yield InputProblem("issuer", "InvalidIssuer", message)
    if audiences is not None and len(audiences) != 1:
        message = "A federated identity credential must have exactly one audience."
        yield InputProblem("audiences", "InvalidAudiences", message)


def _put(contents: Contents, request: PutRequest) -> Values:
    identity = request.id.rsplit("/federatedIdentityCredentials/", 1)[0]
    if contents.find(identity) is None:
        message = f"The parent identity '{identity}' could not be found."
        raise Refused("ParentResourceNotFound", message)
    for other in credentials_of(contents, identity):
        same = all(other.state[name] == request.inputs[name] for name in ("issuer", "subject"))
        if same and other.id.lower() != request.id.lower():
            message = "Issuer and subject combination already exists for this Managed Identity."
            raise Refused("BadRequest", message)
    return request.inputs


FEDERATED_CREDENTIAL: Final = AzureKind(
    type="azure-native:managedidentity:FederatedIdentityCredential",
    arm_type="Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    api_version="2023-01-31",
    address=f"{USER_ASSIGNED_IDENTITY.address}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}",
    properties={
        "issuer": required(TEXT),
        "subject": required(TEXT),
        "audiences": required(TEXTS),
        "systemData": computed(MAP),
    },
    names=NameRule(
        r"[A-Za-z0-9][-\w]{2,119}",
        "InvalidResourceName",
        "Resource name {name} is invalid. It must have 3 to 120 letters, digits, '-' or '_', and start"
        " with a letter or digit.",
    ),
    problems=_problems,
    put=_put,
)
