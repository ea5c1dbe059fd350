"""Virtual networks and subnets: what Microsoft.Network refuses, and what it answers.

A PUT of a subnet replaces all of it, so what it omits is detached. Codes and messages are those people report of Azure.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any, Final

from sandbox.azure.cloud import Contents, Record, guid
from sandbox.azure.kind import Account, Kind, NameRule, Problem, Request, referenced
from sandbox.azure.schema import (
    FLAG,
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
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values

API_VERSION: Final = "2024-05-01"
NETWORK_RESOURCE: Final = {
    "location": TEXT,
    "tags": MAP,
    "etag": computed(TEXT),
    "provisioningState": computed(TEXT),
    "resourceGuid": computed(TEXT),
}
_RESERVED: Final = [
    IPv4Network(each) for each in ("224.0.0.0/4", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32")
]


def name_rule(longest: int, shortest: int = 1) -> NameRule:
    inner = rf"[-\w.]{{{max(shortest - 2, 0)},{longest - 2}}}\w"
    return NameRule(
        rf"[A-Za-z0-9](?:{inner})" + ("?" if shortest == 1 else ""),
        "InvalidResourceName",
        f"Resource name {{name}} is invalid. The name can be up to {longest} characters long. It must begin with a word"
        " character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'.",
    )


def network_address(module: str, name: str) -> str:
    return (
        "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
        f"/providers/Microsoft.Network/{module}/{{{name}}}"
    )


def network_answer(record: Record) -> Values:
    return {"etag": record.etag, "provisioningState": "Succeeded", "resourceGuid": guid(record.id)}


def links(records: list[Record]) -> list[Values]:
    return [{"id": record.id} for record in records]


def bad_prefix(property_: str, prefix: Any) -> Problem | None:
    """What Azure says of a prefix that is no CIDR, or not the address of its network."""
    try:
        network = IPv4Network(prefix, strict=False)
    except ValueError:
        return Problem(
            property_,
            "InvalidAddressPrefixFormat",
            f"Address prefix {prefix} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.",
        )
    if str(network) != prefix:
        return Problem(
            property_,
            "InvalidCIDRNotation",
            f"The address prefix {prefix} has an invalid CIDR notation. For the given prefix length, the address prefix"
            f" should be {network}.",
        )
    return None


# --- virtual networks ---


def _vnet_problems(_account: Account, inputs: Values) -> Iterator[Problem]:
    prefixes: list[Any] = known(inputs, "addressSpace.addressPrefixes") or []
    for prefix in prefixes:
        if prefix == UNKNOWN:
            continue
        if problem := bad_prefix("addressSpace.addressPrefixes", prefix):
            yield problem
            continue
        network = IPv4Network(prefix)
        if network.prefixlen > 29 or any(network.overlaps(reserved) for reserved in _RESERVED):
            yield Problem(
                "addressSpace.addressPrefixes",
                "AddressPrefixNotAllowed",
                f"The address prefix {prefix} cannot be the address space of a virtual network: it must be /29 or larger and"
                " keep out of multicast, loopback, link-local and Azure's own DNS.",
            )


def _vnet_unchangeable(contents: Contents, record: Record, request: Request) -> None:
    """The subnets are there, and stay where they are while the range around them moves."""
    space = known(request.inputs, "addressSpace.addressPrefixes")
    if space is None or UNKNOWN in space:
        return
    prefixes = [IPv4Network(prefix) for prefix in space]
    for subnet in contents.inside(record.id):
        if subnet.type == SUBNET.type and not all(
            _within(each, prefixes) for each in prefixes_of(subnet.state)
        ):
            raise _outside(subnet.name, record.name)


def _put_vnet(_contents: Contents, request: Request) -> Values:
    return {"enableDdosProtection": False, "privateEndpointVNetPolicies": "Disabled", **request.inputs}


def _vnet_answer(contents: Contents, record: Record, account: Account) -> Values:
    subnets = [each for each in contents.inside(record.id) if each.type == SUBNET.type]
    return network_answer(record) | {
        "subnets": [
            {"id": each.id, "name": each.name, **each.state, **_subnet_answer(contents, each, account)}
            for each in subnets
        ]
    }


def _delete_vnet(contents: Contents, record: Record, clusters: Clusters) -> None:
    for subnet in contents.inside(record.id):
        if subnet.type == SUBNET.type:
            _delete_subnet(contents, subnet, clusters)


VIRTUAL_NETWORK: Final = Kind(
    type="azure-native:network:VirtualNetwork",
    arm_type="Microsoft.Network/virtualNetworks",
    api_version=API_VERSION,
    address=network_address("virtualNetworks", "virtualNetworkName"),
    properties={
        **NETWORK_RESOURCE,
        "addressSpace": required(group(addressPrefixes=required(TEXTS))),
        "dhcpOptions": group(dnsServers=TEXTS),
        "enableDdosProtection": FLAG,
        "enableVmProtection": FLAG,
        "privateEndpointVNetPolicies": choice("Disabled", "Basic"),
        "flowTimeoutInMinutes": NUMBER,
        # Subnets are resources of their own here: inline ones and those would wipe each other.
        "subnets": computed(many(MAP)),
    },
    replacing=frozenset({"location"}),
    names=name_rule(64, shortest=2),
    problems=_vnet_problems,
    unchangeable=_vnet_unchangeable,
    put=_put_vnet,
    respond=_vnet_answer,
    delete=_delete_vnet,
)


# --- subnets ---


def prefixes_of(subnet: Values) -> list[IPv4Network]:
    given = subnet.get("addressPrefixes") or [subnet["addressPrefix"]]
    return [IPv4Network(prefix) for prefix in given]


def _within(prefix: IPv4Network, outer: list[IPv4Network]) -> bool:
    return any(prefix.subnet_of(each) for each in outer)


def _outside(subnet: str, vnet: str) -> Refused:
    return Refused(
        "NetcfgSubnetRangeOutsideVnet",
        f"Subnet '{subnet}' is not valid because its IP address range is outside the IP address range of virtual network"
        f" '{vnet}'.",
    )


def _subnet_problems(_account: Account, inputs: Values) -> Iterator[Problem]:
    given = [inputs["addressPrefix"]] if "addressPrefix" in inputs else inputs.get("addressPrefixes", [])
    name = inputs.get("subnetName", "")
    if not given:
        yield Problem(
            "addressPrefix", "NetcfgInvalidSubnet", f"Subnet '{name}' is not valid: it has no address prefix."
        )
    for prefix in given:
        if prefix == UNKNOWN:
            continue
        if problem := bad_prefix("addressPrefix", prefix):
            yield problem
        elif IPv4Network(prefix).prefixlen > 29:
            yield Problem(
                "addressPrefix",
                "NetcfgInvalidSubnet",
                f"Subnet '{name}' is not valid: {prefix} is smaller than /29, of which Azure keeps five addresses.",
            )


def _subnet_unchangeable(_contents: Contents, record: Record, request: Request) -> None:
    given = [request.inputs.get("addressPrefix"), *request.inputs.get("addressPrefixes", [])]
    if UNKNOWN in given or not record.facts.get("usedBy"):
        return
    if prefixes_of(record.state) != prefixes_of(request.inputs):
        raise Refused(
            "InUseSubnetCannotBeUpdated", f"Subnet '{record.name}' is in use and cannot be updated."
        )


def _put_subnet(contents: Contents, request: Request) -> Values:
    vnet_id = request.id.rsplit("/subnets/", 1)[0]
    vnet = contents.find(vnet_id)
    if vnet is None:
        raise Refused(
            "ParentResourceNotFound",
            "Failed to perform 'write' on resource(s) of type 'virtualNetworks/subnets', because the parent resource"
            f" '{vnet_id}' could not be found.",
        )
    state: Values = {
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
        **request.inputs,
    }
    wanted = prefixes_of(state)
    space = [IPv4Network(prefix) for prefix in vnet.state["addressSpace"]["addressPrefixes"]]
    if not all(_within(each, space) for each in wanted):
        raise _outside(request.name, vnet.name)
    for other in contents.inside(vnet_id):
        if other.type != SUBNET.type or other.id.lower() == request.id.lower():
            continue
        if any(mine.overlaps(theirs) for mine in wanted for theirs in prefixes_of(other.state)):
            raise Refused(
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{request.name}' is not valid because its IP address range overlaps with that of an existing subnet"
                f" in virtual network '{vnet.name}'.",
            )
    for property_ in ("natGateway", "networkSecurityGroup"):
        if property_ in state:
            referenced(contents, request, state[property_]["id"], vnet.state["location"])
    if request.existing and "aroNsg" in request.existing.facts:
        # The cluster's ARO operator attaches its security group again whenever somebody takes it away.
        state["networkSecurityGroup"] = {"id": request.existing.facts["aroNsg"]}
    return state


def _subnet_answer(_contents: Contents, record: Record, _account: Account) -> Values:
    users = [{"id": each} for each in record.facts.get("usedBy", [])]
    endpoints = [
        {"locations": ["*"], "provisioningState": "Succeeded", **each}
        for each in record.state.get("serviceEndpoints", [])
    ]
    return {"etag": record.etag, "provisioningState": "Succeeded"} | (
        ({"ipConfigurations": users} if users else {})
        | ({"serviceEndpoints": endpoints} if endpoints else {})
    )


def _delete_subnet(_contents: Contents, record: Record, _clusters: Clusters) -> None:
    if users := record.facts.get("usedBy"):
        raise Refused(
            "InUseSubnetCannotBeDeleted",
            f"Subnet {record.name} is in use by {', '.join(users)} and cannot be deleted. In order to delete the subnet, delete"
            " all the resources within the subnet. See aka.ms/deletesubnet.",
        )


SUBNET: Final = Kind(
    type="azure-native:network:Subnet",
    arm_type="Microsoft.Network/virtualNetworks/subnets",
    api_version=API_VERSION,
    address=network_address("virtualNetworks", "virtualNetworkName") + "/subnets/{subnetName}",
    properties={
        "addressPrefix": TEXT,
        "addressPrefixes": TEXTS,
        "defaultOutboundAccess": FLAG,
        "natGateway": REFERENCE,
        "networkSecurityGroup": REFERENCE,
        "privateEndpointNetworkPolicies": choice(
            "Enabled", "Disabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"
        ),
        "privateLinkServiceNetworkPolicies": choice("Enabled", "Disabled"),
        "serviceEndpoints": many(
            group(service=required(TEXT), locations=TEXTS, provisioningState=computed(TEXT))
        ),
        "etag": computed(TEXT),
        "provisioningState": computed(TEXT),
        "purpose": computed(TEXT),
        "ipConfigurations": computed(many(REFERENCE)),
    },
    names=name_rule(80),
    problems=_subnet_problems,
    unchangeable=_subnet_unchangeable,
    put=_put_subnet,
    respond=_subnet_answer,
    delete=_delete_subnet,
)
