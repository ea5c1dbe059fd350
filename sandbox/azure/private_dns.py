"""Private DNS zones, their A records and the networks that see them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import Account, AzureKind, InputProblem, NameRule, PutRequest
from sandbox.azure.network import network_address
from sandbox.azure.schema import (
    FLAG,
    MAP,
    NUMBER,
    REFERENCE,
    TEXT,
    choice,
    computed,
    group,
    known,
    many,
    required,
)
from sandbox.openshift.clusters import Clusters
from sandbox.provider import Refused, Values

_API_VERSION: Final = "2024-06-01"
_ZONES: Final = network_address("privateDnsZones", "privateZoneName")
_GLOBAL: Final = {"location": required(choice("global")), "tags": MAP}
_ANSWER: Final = {"etag": computed(TEXT), "provisioningState": computed(TEXT)}
_NAME: Final = NameRule(
    r"@|[A-Za-z0-9](?:[-\w]{0,78}\w)?", "InvalidResourceName", "Resource name {name} is invalid."
)


def _answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    return {"etag": record.etag, "provisioningState": "Succeeded"}


def _delete_zone(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    if any(each.type == LINK.type for each in contents.inside(record.id)):
        raise Refused(
            "CannotDeleteResource",
            f"Can not delete resource {record.id} before nested resources are deleted.",
        )


PRIVATE_ZONE: Final = AzureKind(
    type="azure-native:privatedns:PrivateZone",
    arm_type="Microsoft.Network/privateDnsZones",
    api_version=_API_VERSION,
    address=_ZONES,
    properties={**_GLOBAL, **_ANSWER, "numberOfRecordSets": computed(NUMBER)},
    names=NameRule(
        r"(?:[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?[.])+[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?",
        "BadRequest",
        "The domain name '{name}' is invalid. A private DNS zone has at least two labels of letters, digits and hyphens.",
    ),
    respond=_answer,
    delete=_delete_zone,
)


def _record_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    for record in inputs.get("aRecords", []):
        address = known(record, "ipv4Address")
        if address is None:
            continue
        try:
            IPv4Address(address)
        except AddressValueError:
            yield InputProblem("aRecords", "BadRequest", f"The value '{address}' is no IPv4 address.")


def _put_inside(contents: Contents, request: PutRequest) -> Values:
    zone = request.id.rsplit("/", 2)[0]
    if contents.find(zone) is None:
        raise Refused("ParentResourceNotFound", f"The parent resource '{zone}' could not be found.")
    return dict(request.inputs)


RECORD_SET: Final = AzureKind(
    type="azure-native:privatedns:PrivateRecordSet",
    arm_type="Microsoft.Network/privateDnsZones/A",
    api_version=_API_VERSION,
    address=_ZONES + "/{recordType}/{relativeRecordSetName}",
    properties={
        "ttl": required(NUMBER),
        "aRecords": required(many(group(ipv4Address=required(TEXT)))),
        "fqdn": computed(TEXT),
        "etag": computed(TEXT),
    },
    names=_NAME,
    problems=_record_problems,
    put=_put_inside,
    respond=lambda _contents, record, _account: {"etag": record.etag},
)


def _put_link(contents: Contents, request: PutRequest) -> Values:
    state, network = _put_inside(contents, request), request.inputs["virtualNetwork"]["id"]
    if contents.find(network) is None:
        raise Refused("BadRequest", f"The virtual network {network} was not found.")
    zone = request.id.rsplit("/", 2)[0]
    for other in contents.of(LINK.type):
        theirs = other.id.rsplit("/", 2)[0]
        same = theirs.rsplit("/", 1)[-1].lower() == zone.rsplit("/", 1)[-1].lower()
        if (
            same
            and other.id.lower() != request.id.lower()
            and other.state["virtualNetwork"]["id"].lower() == network.lower()
        ):
            raise Refused(
                "BadRequest",
                f"A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link {network} with"
                f" {zone}, and it is linked with {theirs}.",
            )
    return state


LINK: Final = AzureKind(
    type="azure-native:privatedns:VirtualNetworkLink",
    arm_type="Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    api_version=_API_VERSION,
    address=_ZONES + "/virtualNetworkLinks/{virtualNetworkLinkName}",
    properties={
        **_GLOBAL,
        **_ANSWER,
        "registrationEnabled": FLAG,
        "virtualNetwork": required(REFERENCE),
        "virtualNetworkLinkState": computed(TEXT),
    },
    replacing=frozenset({"virtualNetwork"}),
    names=_NAME,
    put=_put_link,
    respond=_answer,
)
