"""Virtual networks: what Microsoft.Network refuses, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any, Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest
from sandbox.azure.network import (
    API_VERSION,
    NETWORK_RESOURCE,
    bad_prefix,
    name_rule,
    network_address,
    network_answer,
)
from sandbox.azure.peerings import PEERING, disconnect
from sandbox.azure.schema import (
    FLAG,
    MAP,
    NUMBER,
    TEXTS,
    choice,
    computed,
    group,
    known,
    many,
    required,
)
from sandbox.azure.subnets import SUBNET, delete_subnet, outside, prefixes_of, subnet_answer, within
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Values

_RESERVED: Final = [
    IPv4Network(each) for each in ("224.0.0.0/4", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32")
]


def _vnet_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    prefixes: list[Any] = known(inputs, "addressSpace.addressPrefixes") or []
    for prefix in prefixes:
        if prefix == UNKNOWN:
            continue
        if problem := bad_prefix("addressSpace.addressPrefixes", prefix):
            yield problem
            continue
        network = IPv4Network(prefix)
        if network.prefixlen > 29 or any(network.overlaps(reserved) for reserved in _RESERVED):
            yield InputProblem(
                "addressSpace.addressPrefixes",
                "AddressPrefixNotAllowed",
                f"The address prefix {prefix} cannot be the address space of a virtual network: it must be /29 or larger and"
                " keep out of multicast, loopback, link-local and Azure's own DNS.",
            )


def _vnet_unchangeable(contents: Contents, record: AzureRecord, request: PutRequest) -> None:
    """The ranges of the subnets that exist must stay inside the network's new range."""
    space = known(request.inputs, "addressSpace.addressPrefixes")
    if space is None or UNKNOWN in space:
        return
    prefixes = [IPv4Network(prefix) for prefix in space]
    for subnet in contents.inside(record.id):
        if subnet.type == SUBNET.type and not all(
            within(each, prefixes) for each in prefixes_of(subnet.state)
        ):
            raise outside(subnet.name, record.name)


def _put_vnet(_contents: Contents, request: PutRequest) -> Values:
    return {"enableDdosProtection": False, "privateEndpointVNetPolicies": "Disabled", **request.inputs}


def _vnet_answer(contents: Contents, record: AzureRecord, account: Account) -> Values:
    subnets = [each for each in contents.inside(record.id) if each.type == SUBNET.type]
    return network_answer(record) | {
        "subnets": [
            {"id": each.id, "name": each.name, **each.state, **subnet_answer(contents, each, account)}
            for each in subnets
        ]
    }


def _delete_vnet(contents: Contents, record: AzureRecord, clusters: Clusters) -> None:
    for subnet in contents.inside(record.id):
        if subnet.type == SUBNET.type:
            delete_subnet(contents, subnet, clusters)
    for peering in contents.inside(record.id):
        if peering.type == PEERING.type:
            disconnect(contents, record.id, peering.state["remoteVirtualNetwork"]["id"])


VIRTUAL_NETWORK: Final = AzureKind(
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
        # Subnets are resources of their own here: inline subnets and separate ones would delete each other.
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
