"""Network security groups with their rules inline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any, Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.egress import subnets_with
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest
from sandbox.azure.network import (
    API_VERSION,
    NETWORK_RESOURCE,
    links,
    name_rule,
    network_address,
    network_answer,
)
from sandbox.azure.schema import FLAG, MAP, NUMBER, TEXT, TEXTS, choice, computed, group, many, required
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values
from sandbox.shapes import is_list

# (name, priority, direction, access, source, destination) of the rules every group has.
_DEFAULT_RULES: Final = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
)


def _rule_problems(_account: Account, inputs: Values) -> Iterator[InputProblem]:
    rules = inputs.get("securityRules", [])
    if rules == UNKNOWN:
        return
    seen: dict[tuple[Any, Any], str] = {}
    for index, rule in enumerate(rules):
        if rule == UNKNOWN:
            continue
        where = f"securityRules[{index}]"
        priority, name = rule.get("priority"), rule.get("name")
        if isinstance(priority, (int, float)) and not 100 <= priority <= 4096:
            yield InputProblem(
                f"{where}.priority",
                "SecurityRuleInvalidPriority",
                f"Security rule has invalid Priority. Value provided: {priority} Allowed range 100-4096.",
            )
        key = (priority, rule.get("direction"))
        if key in seen and UNKNOWN not in key:
            yield InputProblem(
                f"{where}.priority",
                "SecurityRuleConflict",
                f"Security rule {name} conflicts with rule {seen[key]}. Rules cannot have the same Priority and Direction. To"
                " learn more, see aka.ms/nsgrules.",
            )
        seen.setdefault(key, name)
        yield from _side_problems(where, rule, "source")
        yield from _side_problems(where, rule, "destination")


def _side_problems(where: str, rule: Values, side: str) -> Iterator[InputProblem]:
    """The addresses and ports of one side of a rule: given in the singular or the plural, and each well-formed."""
    for noun, well_formed, code, words in (
        ("AddressPrefix", _is_address, "SecurityRuleInvalidAddressPrefix", "Address prefix. Value provided: {}"),
        ("PortRange", _is_ports, "SecurityRuleInvalidPortRange", "Port range. Value provided: {}. Value should be an integer OR"
         " integer range with '-' delimiter. Valid range 0-65535."),
    ):  # fmt: skip
        plural = f"{side}{noun}es" if noun.endswith("x") else f"{side}{noun}s"
        values = [rule[f"{side}{noun}"]] if f"{side}{noun}" in rule else rule.get(plural, [])
        if not values:
            message = f"Security rule {rule.get('name')} has neither {side}{noun} nor {plural}."
            yield InputProblem(f"{where}.{side}{noun}", "InvalidRequestFormat", message)
        for value in values if is_list(values) else []:
            if value != UNKNOWN and not well_formed(value):
                yield InputProblem(
                    f"{where}.{side}{noun}", code, f"Security rule has invalid {words.format(value)}"
                )


def _is_address(value: str) -> bool:
    if value == "*" or re.fullmatch(
        r"[A-Z][A-Za-z0-9.]+", value
    ):  # a service tag such as VirtualNetwork or Storage.EastUS
        return True
    try:
        return str(IPv4Network(value)) in (value, f"{value}/32")
    except ValueError:
        return False


def _is_ports(value: str) -> bool:
    ends = value.split("-")
    return value == "*" or (
        len(ends) <= 2
        and all(end.isdecimal() and int(end) <= 65535 for end in ends)
        and int(ends[0]) <= int(ends[-1])
    )


def _put_group(_contents: Contents, request: PutRequest) -> Values:
    # A request without rules keeps those there are: azure-native sends them again, so that rules which are declared
    # elsewhere stay.
    kept: list[Any] = request.existing.state.get("securityRules", []) if request.existing else []
    return {"securityRules": kept, **request.inputs}


def _group_answer(contents: Contents, record: AzureRecord, _account: Account) -> Values:
    attached = subnets_with(contents, "networkSecurityGroup", record.id)
    default = [
        {
            "name": name,
            "priority": priority,
            "direction": direction,
            "access": access,
            "protocol": "*",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": destination,
            "destinationPortRange": "*",
        }
        for name, priority, direction, access, source, destination in _DEFAULT_RULES
    ]
    return (
        network_answer(record)
        | {
            "securityRules": _as_answered(record, "securityRules", record.state["securityRules"]),
            "defaultSecurityRules": _as_answered(record, "defaultSecurityRules", default),
        }
        | ({"subnets": links(attached)} if attached else {})
    )


def _as_answered(record: AzureRecord, where: str, rules: list[Values]) -> list[Values]:
    return [
        rule
        | {
            "id": f"{record.id}/{where}/{rule['name']}",
            "etag": record.etag,
            "provisioningState": "Succeeded",
            "type": f"Microsoft.Network/networkSecurityGroups/{where}",
        }
        for rule in rules
    ]


def _delete_group(contents: Contents, record: AzureRecord, _clusters: Clusters) -> None:
    if attached := subnets_with(contents, "networkSecurityGroup", record.id):
        raise Refused(
            "InUseNetworkSecurityGroupCannotBeDeleted",
            f"Network security group {record.id} cannot be deleted because it is in use by the following resources:"
            f" {', '.join(subnet.id for subnet in attached)}. In order to delete the Network security group, remove the association"
            " with the resource(s). To learn how to do this, see aka.ms/deletensg.",
        )


_RULE: Final = group(
    name=required(TEXT),
    description=TEXT,
    priority=required(NUMBER),
    direction=required(choice("Inbound", "Outbound")),
    access=required(choice("Allow", "Deny")),
    protocol=required(choice("Tcp", "Udp", "Icmp", "Esp", "*", "Ah")),
    sourceAddressPrefix=TEXT,
    sourceAddressPrefixes=TEXTS,
    sourcePortRange=TEXT,
    sourcePortRanges=TEXTS,
    destinationAddressPrefix=TEXT,
    destinationAddressPrefixes=TEXTS,
    destinationPortRange=TEXT,
    destinationPortRanges=TEXTS,
    id=computed(TEXT),
    etag=computed(TEXT),
    type=computed(TEXT),
    provisioningState=computed(TEXT),
)

NETWORK_SECURITY_GROUP: Final = AzureKind(
    type="azure-native:network:NetworkSecurityGroup",
    arm_type="Microsoft.Network/networkSecurityGroups",
    api_version=API_VERSION,
    address=network_address("networkSecurityGroups", "networkSecurityGroupName"),
    properties={
        **NETWORK_RESOURCE,
        "flushConnection": FLAG,
        "securityRules": many(_RULE),
        "defaultSecurityRules": computed(many(MAP)),
        "subnets": computed(many(MAP)),
    },
    names=name_rule(80),
    problems=_rule_problems,
    put=_put_group,
    respond=_group_answer,
    delete=_delete_group,
)
