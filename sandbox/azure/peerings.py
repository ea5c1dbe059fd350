"""Peerings of virtual networks: two halves, each in one of both, which only connect once both are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest
from sandbox.azure.network import API_VERSION, name_rule, network_answer
from sandbox.azure.schema import FLAG, TEXT, computed, group, known, required
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values

_TYPE: Final = "azure-native:network:VirtualNetworkPeering"
_VNET: Final = re.compile(
    "(?i)/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/virtualNetworks/[^/]+"
)


def _problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    remote = known(inputs, "remoteVirtualNetwork.id")
    if remote not in (None, UNKNOWN) and _VNET.fullmatch(remote) is None:
        yield InputProblem(
            "remoteVirtualNetwork.id", "InvalidRequestFormat", f"{remote} is no id of a virtual network."
        )


def _put(contents: Contents, request: PutRequest) -> Values:
    local, remote = _local(request.id), request.inputs["remoteVirtualNetwork"]["id"]
    found = contents.find(remote)
    if found is None:
        raise Refused(
            "InvalidResourceReference",
            f"Resource {remote} referenced by resource {request.id} was not found. Please make sure that the referenced resource exists.",
        )
    mine, theirs = _space(contents[local]), _space(found)
    if both := [str(each) for each in mine if any(each.overlaps(other) for other in theirs)]:
        raise Refused(
            "VnetAddressSpacesOverlap",
            f"Cannot create or update peering {request.id}. Virtual networks {local} and {remote} cannot be peered because their address"
            f" spaces overlap. Overlapping address prefixes: {', '.join(both)}",
        )
    other = _half(contents, remote, local)
    if other is not None and other.facts.get("disconnected"):
        raise Refused(
            "RemotePeeringIsDisconnected",
            f"Cannot create or update peering {request.id} because remote peering {other.id} referencing parent virtual network is in"
            " Disconnected state. Update or re-create the remote peering to get it back to Initiated state.",
        )
    return dict(request.inputs)


def _answer(contents: Contents, record: AzureRecord, _account: Account) -> Values:
    remote = record.state["remoteVirtualNetwork"]["id"]
    connected = _half(contents, remote, _local(record.id)) is not None
    state = "Disconnected" if record.facts.get("disconnected") else "Connected" if connected else "Initiated"
    return network_answer(record) | {"peeringState": state}


def disconnect(contents: Contents, vnet: str, remote: str) -> None:
    """The half of `vnet` is taken away: that of the other network stays, and is of no use any more."""
    other = _half(contents, remote, vnet)
    if other is not None:
        other.facts = other.facts | {"disconnected": True}
        contents.put(other)


def _delete(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    disconnect(contents, _local(record.id), record.state["remoteVirtualNetwork"]["id"])


def _local(id_: str) -> str:
    return id_.rsplit("/virtualNetworkPeerings/", 1)[0]


def _half(contents: Contents, vnet: str, remote: str) -> AzureRecord | None:
    """The half that is in `vnet` and leads to `remote`."""
    return next(
        (
            each
            for each in contents.inside(vnet)
            if each.type == _TYPE and each.state["remoteVirtualNetwork"]["id"].lower() == remote.lower()
        ),
        None,
    )


def _space(vnet: AzureRecord) -> list[IPv4Network]:
    return [IPv4Network(each) for each in vnet.state["addressSpace"]["addressPrefixes"]]


PEERING: Final = AzureKind(
    type=_TYPE,
    arm_type="Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    api_version=API_VERSION,
    address="/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/virtualNetworks/"
    "{virtualNetworkName}/virtualNetworkPeerings/{virtualNetworkPeeringName}",
    properties={
        "remoteVirtualNetwork": required(group(id=TEXT)),
        "allowVirtualNetworkAccess": FLAG,
        "allowForwardedTraffic": FLAG,
        "allowGatewayTransit": FLAG,
        "useRemoteGateways": FLAG,
        **dict.fromkeys(("etag", "provisioningState", "resourceGuid", "peeringState"), computed(TEXT)),
    },
    replacing=frozenset({"remoteVirtualNetwork"}),
    names=name_rule(80),
    problems=_problems,
    put=_put,
    respond=_answer,
    delete=_delete,
)
