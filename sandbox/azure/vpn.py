"""VPN gateways, the sites that they lead to, and the connections between both."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any, Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest, referenced
from sandbox.azure.network import (
    API_VERSION,
    NETWORK_RESOURCE,
    bad_prefix,
    name_rule,
    network_address,
    network_answer,
)
from sandbox.azure.schema import (
    FLAG,
    NUMBER,
    REFERENCE,
    TEXT,
    TEXTS,
    Prop,
    choice,
    computed,
    group,
    known,
    many,
    required,
)
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values

_BGP: Final = group(asn=NUMBER, bgpPeeringAddress=TEXT, peerWeight=NUMBER)
# Those without AZ take no new gateway since November 2025 ("Gateway SKU consolidation and migration").
_SKUS: Final = tuple(f"VpnGw{size}AZ" for size in range(1, 6))
_RESERVED_ASNS: Final = {
    8074,
    8075,
    12076,
    23456,
    *range(64496, 64512),
    *range(65517, 65521),
    *range(65535, 65552),
}


def _asn(inputs: Values, taken: set[int]) -> Iterator[InputProblem]:
    number = known(inputs, "bgpSettings.asn")
    if number is not None and int(number) in taken:
        yield InputProblem(
            "bgpSettings.asn",
            "InvalidBgpAsn",
            f"The ASN {int(number)} is reserved by Azure or IANA and cannot be used.",
        )


def _gateway_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    yield from _asn(inputs, _RESERVED_ASNS)
    for end in inputs.get("ipConfigurations", []):
        subnet = known(end, "subnet.id")
        if subnet is not None and not subnet.lower().endswith("/subnets/gatewaysubnet"):
            yield InputProblem(
                "ipConfigurations",
                "SubnetNameNotValidForGateway",
                f"Subnet {subnet} cannot hold a gateway: its name must be GatewaySubnet.",
            )


def _put_gateway(contents: Contents, request: PutRequest) -> Values:
    (end,) = request.inputs["ipConfigurations"]
    address = referenced(contents, request, end["publicIPAddress"]["id"], request.inputs["location"])
    if address.state.get("sku", {}).get("name") != "Standard":
        raise Refused(
            "VmssVpnGatewayPublicIpsMustHaveStandardSku",
            f"Gateway {request.id} needs a public IP address of SKU Standard, and {address.id} is none.",
        )
    subnet = referenced(contents, request, end["subnet"]["id"], request.inputs["location"])
    for property_ in ("networkSecurityGroup", "natGateway"):
        if property_ in subnet.state:
            raise Refused(
                "InvalidGatewaySubnet",
                f"Subnet {subnet.id} has a {property_}, which a GatewaySubnet cannot have.",
            )
    for other in contents.of(VIRTUAL_NETWORK_GATEWAY.type):
        if other.id.lower() != request.id.lower() and _subnet_of(other).lower() == subnet.id.lower():
            raise Refused(
                "MultipleVirtualNetworkGatewaysNotAllowed",
                f"Virtual network already has the VPN gateway {other.id}, and can have one alone.",
            )
    for held in (subnet, address):
        held.facts = held.facts | {"usedBy": [f"{request.id}/ipConfigurations/default"]}
        contents.put(held)
    state = dict(request.inputs)
    # What Azure gives to a gateway that says nothing of BGP.
    state["bgpSettings"] = {"asn": 65515, **request.inputs.get("bgpSettings", {})}
    return state


def _subnet_of(gateway: AzureRecord) -> str:
    return str(gateway.state["ipConfigurations"][0]["subnet"]["id"])


def _delete_gateway(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    _unconnected(contents, record, "virtualNetworkGateway1", "VirtualNetworkGatewayCannotBeDeleted")
    (end,) = record.state["ipConfigurations"]
    for held in (contents.find(end[name]["id"]) for name in ("subnet", "publicIPAddress")):
        if held is not None:
            held.facts = {name: value for name, value in held.facts.items() if name != "usedBy"}
            contents.put(held)


def _unconnected(contents: Contents, record: AzureRecord, end: str, code: str) -> None:
    """Raises Refused where a connection has `record` at this `end`."""
    for connection in contents.of(CONNECTION.type):
        if connection.state[end]["id"].lower() == record.id.lower():
            raise Refused(code, f"{record.id} cannot be deleted because connection {connection.id} uses it.")


def _answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    return network_answer(record)


VIRTUAL_NETWORK_GATEWAY: Final = AzureKind(
    type="azure-native:network:VirtualNetworkGateway",
    arm_type="Microsoft.Network/virtualNetworkGateways",
    api_version=API_VERSION,
    address=network_address("virtualNetworkGateways", "virtualNetworkGatewayName"),
    properties={
        **NETWORK_RESOURCE,
        "gatewayType": required(choice("Vpn")),
        "vpnType": required(choice("RouteBased")),
        "vpnGatewayGeneration": choice("Generation1", "Generation2"),
        "sku": required(group(name=required(choice(*_SKUS)), tier=required(choice(*_SKUS)))),
        "activeActive": FLAG,
        "enableBgp": FLAG,
        "bgpSettings": _BGP,
        "ipConfigurations": required(
            many(
                group(
                    name=required(TEXT),
                    privateIPAllocationMethod=choice("Dynamic"),
                    subnet=required(REFERENCE),
                    publicIPAddress=required(REFERENCE),
                )
            )
        ),
    },
    replacing=frozenset({"location"}),
    names=name_rule(80),
    problems=_gateway_problems,
    put=_put_gateway,
    respond=_answer,
    delete=_delete_gateway,
)


def _site_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    prefixes: list[Any] = known(inputs, "localNetworkAddressSpace.addressPrefixes") or []
    for prefix in prefixes:
        if prefix != UNKNOWN and (problem := bad_prefix("localNetworkAddressSpace.addressPrefixes", prefix)):
            yield problem
    address = known(inputs, "gatewayIpAddress")
    if address is not None and IPv4Address(address).is_multicast:
        yield InputProblem(
            "gatewayIpAddress", "InvalidGatewayIpAddress", f"{address} is no address of a VPN device."
        )
    if not prefixes and "bgpSettings" not in inputs:
        yield InputProblem(
            "localNetworkAddressSpace",
            "LocalNetworkGatewayAddressSpaceRequired",
            "A local network gateway needs an address space where it has no BGP settings.",
        )
    yield from _asn(inputs, _RESERVED_ASNS | {65515})


def _delete_site(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    _unconnected(contents, record, "localNetworkGateway2", "LocalNetworkGatewayInUse")


LOCAL_NETWORK_GATEWAY: Final = AzureKind(
    type="azure-native:network:LocalNetworkGateway",
    arm_type="Microsoft.Network/localNetworkGateways",
    api_version=API_VERSION,
    address=network_address("localNetworkGateways", "localNetworkGatewayName"),
    properties={
        **NETWORK_RESOURCE,
        "gatewayIpAddress": required(TEXT),
        "localNetworkAddressSpace": group(addressPrefixes=required(TEXTS)),
        "bgpSettings": _BGP,
    },
    replacing=frozenset({"location"}),
    names=name_rule(80),
    problems=_site_problems,
    respond=_answer,
    delete=_delete_site,
)


def _connection_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    key = known(inputs, "sharedKey")
    if isinstance(key, str) and not (len(key) <= 128 and key.isascii() and key.isprintable()):
        yield InputProblem(
            "sharedKey", "InvalidSharedKey", "A shared key has at most 128 printable ASCII characters."
        )
    for policy in inputs.get("ipsecPolicies", []):
        together = {str(policy[name]) for name in ("ipsecEncryption", "ipsecIntegrity")}
        if any(each.startswith("GCM") for each in together) and len(together) > 1:
            yield InputProblem(
                "ipsecPolicies",
                "InvalidIpsecPolicy",
                "With GCMAES as the encryption of IPsec, the same algorithm and length is its integrity.",
            )


def _put_connection(contents: Contents, request: PutRequest) -> Values:
    place = request.inputs["location"]
    gateway = referenced(contents, request, request.inputs["virtualNetworkGateway1"]["id"], place)
    site = referenced(contents, request, request.inputs["localNetworkGateway2"]["id"], place)
    if request.inputs.get("enableBgp") and not (
        gateway.state.get("enableBgp") and "bgpSettings" in site.state
    ):
        raise Refused(
            "ConnectionBgpNotSupported",
            f"Connection {request.id} asks for BGP, which needs it at {gateway.id} and BGP settings at {site.id}.",
        )
    return dict(request.inputs)


def _connection_answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    """Nobody knows here whether the two devices understand each other."""
    return network_answer(record) | {"connectionStatus": "Unknown"}


CONNECTION: Final = AzureKind(
    type="azure-native:network:VirtualNetworkGatewayConnection",
    arm_type="Microsoft.Network/connections",
    api_version=API_VERSION,
    address=network_address("connections", "virtualNetworkGatewayConnectionName"),
    properties={
        **NETWORK_RESOURCE,
        "connectionType": required(choice("IPsec")),
        "connectionProtocol": choice("IKEv2"),
        "virtualNetworkGateway1": required(REFERENCE),
        "localNetworkGateway2": required(REFERENCE),
        "sharedKey": Prop(kind=str, required=True, secret=True),
        "enableBgp": FLAG,
        "ipsecPolicies": many(
            group(
                **{
                    name: required(TEXT)
                    for name in (
                        "ikeEncryption",
                        "ikeIntegrity",
                        "dhGroup",
                        "ipsecEncryption",
                        "ipsecIntegrity",
                        "pfsGroup",
                    )
                },
                saLifeTimeSeconds=required(NUMBER),
                saDataSizeKilobytes=required(NUMBER),
            )
        ),
        "connectionStatus": computed(TEXT),
    },
    replacing=frozenset({"location", "connectionType", "virtualNetworkGateway1", "localNetworkGateway2"}),
    names=name_rule(80),
    problems=_connection_problems,
    put=_put_connection,
    respond=_connection_answer,
)
