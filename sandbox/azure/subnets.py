"""Subnets: what Microsoft.Network refuses, and what it answers.

A PUT of a subnet replaces all of it, so what it omits is detached.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest, referenced
from sandbox.azure.network import (
    API_VERSION,
    bad_prefix,
    name_rule,
    network_address,
)
from sandbox.azure.schema import (
    FLAG,
    REFERENCE,
    TEXT,
    TEXTS,
    choice,
    computed,
    group,
    many,
    required,
)
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values


def prefixes_of(subnet: Values) -> list[IPv4Network]:
    given = subnet.get("addressPrefixes") or [subnet["addressPrefix"]]
    return [IPv4Network(prefix) for prefix in given]


def within(prefix: IPv4Network, outer: list[IPv4Network]) -> bool:
    return any(prefix.subnet_of(each) for each in outer)


def outside(subnet: str, vnet: str) -> Refused:
    return Refused(
        "NetcfgSubnetRangeOutsideVnet",
        f"Subnet '{subnet}' is not valid because its IP address range is outside the IP address range of virtual network"
        f" '{vnet}'.",
    )


def _subnet_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    given = [inputs["addressPrefix"]] if "addressPrefix" in inputs else inputs.get("addressPrefixes", [])
    name = inputs.get("subnetName", "")
    if not given:
        yield InputProblem(
            "addressPrefix", "NetcfgInvalidSubnet", f"Subnet '{name}' is not valid: it has no address prefix."
        )
    for prefix in given:
        if prefix == UNKNOWN:
            continue
        if problem := bad_prefix("addressPrefix", prefix):
            yield problem
        elif IPv4Network(prefix).prefixlen > 29:
            yield InputProblem(
                "addressPrefix",
                "NetcfgInvalidSubnet",
                f"Subnet '{name}' is not valid: {prefix} is smaller than /29, of which Azure keeps five addresses.",
            )


def _subnet_unchangeable(_contents: Contents, record: AzureRecord, request: PutRequest) -> None:
    given = [request.inputs.get("addressPrefix"), *request.inputs.get("addressPrefixes", [])]
    if UNKNOWN in given or not record.facts.get("usedBy"):
        return
    if prefixes_of(record.state) != prefixes_of(request.inputs):
        raise Refused(
            "InUseSubnetCannotBeUpdated", f"Subnet '{record.name}' is in use and cannot be updated."
        )


def _put_subnet(contents: Contents, request: PutRequest) -> Values:
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
    if not all(within(each, space) for each in wanted):
        raise outside(request.name, vnet.name)
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
        # The cluster's ARO operator attaches its security group again whenever somebody detaches it.
        state["networkSecurityGroup"] = {"id": request.existing.facts["aroNsg"]}
    return state


def subnet_answer(_contents: Contents, record: AzureRecord, _account: Account) -> Values:
    users = [{"id": each} for each in record.facts.get("usedBy", [])]
    endpoints = [
        {"locations": ["*"], "provisioningState": "Succeeded", **each}
        for each in record.state.get("serviceEndpoints", [])
    ]
    return {"etag": record.etag, "provisioningState": "Succeeded"} | (
        ({"ipConfigurations": users} if users else {})
        | ({"serviceEndpoints": endpoints} if endpoints else {})
    )


def delete_subnet(_contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    if users := record.facts.get("usedBy"):
        raise Refused(
            "InUseSubnetCannotBeDeleted",
            f"Subnet {record.name} is in use by {', '.join(users)} and cannot be deleted. In order to delete the subnet, delete"
            " all the resources within the subnet. See aka.ms/deletesubnet.",
        )


SUBNET: Final = AzureKind(
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
        "routeTable": computed(REFERENCE),
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
    respond=subnet_answer,
    delete=delete_subnet,
)
