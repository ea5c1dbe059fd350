"""Public IP addresses and NAT gateways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents, public_address
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest, referenced
from sandbox.azure.network import (
    API_VERSION,
    NETWORK_RESOURCE,
    links,
    name_rule,
    network_address,
    network_answer,
)
from sandbox.azure.schema import (
    MAP,
    NUMBER,
    REFERENCE,
    TEXT,
    TEXTS,
    choice,
    computed,
    group,
    known,
    many,
    required,
)
from sandbox.azure.subnets import SUBNET
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values


def _idle_timeout(inputs: Values, longest: int) -> Iterator[InputProblem]:
    minutes = known(inputs, "idleTimeoutInMinutes")
    if minutes is not None and not 4 <= minutes <= longest:
        yield InputProblem(
            "idleTimeoutInMinutes",
            "BadRequest",
            f"idleTimeoutInMinutes {minutes} is not between 4 and {longest}.",
        )


def _address_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    yield from _idle_timeout(inputs, 30)
    sku = inputs.get("sku", {})
    if sku == UNKNOWN:
        return
    name = sku.get("name", "Basic")
    if name == "Basic":
        # Since 30 September 2025 none can be made any more, and it is what this API version takes without a SKU.
        yield InputProblem(
            "sku.name",
            "IPv4BasicSkuPublicIpCountLimitReached",
            "Cannot create more than 0 IPv4 Basic SKU public IP addresses for this subscription in this region.",
        )
    elif name != UNKNOWN and inputs.get("publicIPAllocationMethod", "Dynamic") == "Dynamic":
        yield InputProblem(
            "publicIPAllocationMethod",
            "BadRequest",
            "A Standard SKU public IP address must have the allocation method Static; without one Azure takes Dynamic.",
        )


def _put_address(contents: Contents, request: PutRequest) -> Values:
    state = {"publicIPAddressVersion": "IPv4", "idleTimeoutInMinutes": 4, **request.inputs}
    holders = _gateways_with(contents, request.id)
    return state | ({"natGateway": {"id": holders[0].id}} if holders else {})


def _address_answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    return network_answer(record) | {"ipAddress": public_address(record.id)}


def _gateways_with(contents: Contents, address_id: str) -> list[AzureRecord]:
    return [
        gateway
        for gateway in contents.of(NAT_GATEWAY.type)
        if any(
            each["id"].lower() == address_id.lower() for each in gateway.state.get("publicIpAddresses", [])
        )
    ]


def _delete_address(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    holders = [gateway.id for gateway in _gateways_with(contents, record.id)]
    for holder in (*holders, *record.facts.get("usedBy", [])):
        raise Refused(
            "PublicIPAddressCannotBeDeleted",
            f"Public IP address {record.id} can not be deleted since it is still allocated to resource {holder}. In order to"
            " delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, see"
            " aka.ms/deletepublicip.",
        )


PUBLIC_IP_ADDRESS: Final = AzureKind(
    type="azure-native:network:PublicIPAddress",
    arm_type="Microsoft.Network/publicIPAddresses",
    api_version=API_VERSION,
    address=network_address("publicIPAddresses", "publicIpAddressName"),
    properties={
        **NETWORK_RESOURCE,
        "sku": group(name=choice("Basic", "Standard"), tier=choice("Regional", "Global")),
        "publicIPAllocationMethod": choice("Static", "Dynamic"),
        "publicIPAddressVersion": choice("IPv4", "IPv6"),
        "idleTimeoutInMinutes": NUMBER,
        "deleteOption": choice("Delete", "Detach"),
        # A gateway writes itself in, and a later request without it changes nothing.
        "natGateway": REFERENCE,
        "dnsSettings": group(domainNameLabel=TEXT, fqdn=computed(TEXT)),
        "zones": TEXTS,
        "ipAddress": computed(TEXT),
        "ipConfiguration": computed(MAP),
    },
    replacing=frozenset({"location", "publicIPAddressVersion", "sku"}),
    names=name_rule(80),
    problems=_address_problems,
    put=_put_address,
    respond=_address_answer,
    delete=_delete_address,
)


def _gateway_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    yield from _idle_timeout(inputs, 120)


def _put_gateway(contents: Contents, request: PutRequest) -> Values:
    for reference in request.inputs.get("publicIpAddresses", []):
        address = referenced(contents, request, reference["id"], request.inputs["location"])
        for other in _gateways_with(contents, address.id):
            if other.id.lower() != request.id.lower():
                raise Refused(
                    "PublicIPAddressInUse",
                    f"Resource {request.id} is referencing public IP address {address.id} that is already allocated to resource"
                    f" {other.id}.",
                )
    _write_into_addresses(contents, request.id, request.inputs)
    return {"idleTimeoutInMinutes": 4, **request.inputs}


def _write_into_addresses(contents: Contents, gateway_id: str, gateway: Values) -> None:
    """A gateway is named by the addresses that it has, and by no other."""
    held = {each["id"].lower() for each in gateway.get("publicIpAddresses", [])}
    for address in contents.of(PUBLIC_IP_ADDRESS.type):
        state = {name: value for name, value in address.state.items() if name != "natGateway"}
        if address.id.lower() in held:
            state["natGateway"] = {"id": gateway_id}
        elif address.state.get("natGateway", {}).get("id", "").lower() != gateway_id.lower():
            continue
        if state != address.state:
            address.state = state
            contents.put(address)


def subnets_with(contents: Contents, property_: str, id_: str) -> list[AzureRecord]:
    """The subnets that refer to a NAT gateway or a security group."""
    return [
        subnet
        for subnet in contents.of(SUBNET.type)
        if subnet.state.get(property_, {}).get("id", "").lower() == id_.lower()
    ]


def _gateway_answer(contents: Contents, record: AzureRecord, _account: Account) -> Values:
    attached = subnets_with(contents, "natGateway", record.id)
    return network_answer(record) | ({"subnets": links(attached)} if attached else {})


def _delete_gateway(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    if attached := subnets_with(contents, "natGateway", record.id):
        raise Refused(
            "CannotDeleteNatGatewayAssociatedToSubnet",
            f"NAT Gateway {record.id} is still configured on {len(attached)} subnets. Remove NAT Gateway from all referenced"
            " subnets and then delete NAT Gateway.",
        )
    _write_into_addresses(contents, record.id, {})


NAT_GATEWAY: Final = AzureKind(
    type="azure-native:network:NatGateway",
    arm_type="Microsoft.Network/natGateways",
    api_version=API_VERSION,
    address=network_address("natGateways", "natGatewayName"),
    properties={
        **NETWORK_RESOURCE,
        "sku": required(group(name=required(choice("Standard")))),
        "idleTimeoutInMinutes": NUMBER,
        "publicIpAddresses": many(REFERENCE),
        "zones": TEXTS,
        "subnets": computed(many(REFERENCE)),
    },
    names=name_rule(80),
    problems=_gateway_problems,
    put=_put_gateway,
    respond=_gateway_answer,
    delete=_delete_gateway,
)
