"""What kinds of Microsoft.Network have in common: names, addresses, prefixes.

Codes and messages are taken from what people report of Azure.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any, Final

from sandbox.azure.cloud import AzureRecord, guid
from sandbox.azure.kind import InputProblem, NameRule
from sandbox.azure.schema import MAP, TEXT, computed
from sandbox.provider import Values

API_VERSION: Final = "2024-05-01"
NETWORK_RESOURCE: Final = {
    "location": TEXT,
    "tags": MAP,
    "etag": computed(TEXT),
    "provisioningState": computed(TEXT),
    "resourceGuid": computed(TEXT),
}


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


def network_answer(record: AzureRecord) -> Values:
    return {"etag": record.etag, "provisioningState": "Succeeded", "resourceGuid": guid(record.id)}


def links(records: list[AzureRecord]) -> list[Values]:
    return [{"id": record.id} for record in records]


def bad_prefix(property_: str, prefix: Any) -> InputProblem | None:
    """What Azure says of a prefix that is no CIDR, or not the address of its network."""
    try:
        network = IPv4Network(prefix, strict=False)
    except ValueError:
        return InputProblem(
            property_,
            "InvalidAddressPrefixFormat",
            f"Address prefix {prefix} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.",
        )
    if str(network) != prefix:
        return InputProblem(
            property_,
            "InvalidCIDRNotation",
            f"The address prefix {prefix} has an invalid CIDR notation. For the given prefix length, the address prefix"
            f" should be {network}.",
        )
    return None
