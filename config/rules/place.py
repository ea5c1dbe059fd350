"""Rules about where a stack lives: its Azure region and its ranges of addresses."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import IPv4Network
from itertools import combinations

from config.rule import Mistake, Rule, rule
from model.azure import vm_sizes

# ARO refuses 100.64.0.0/16, 100.88.0.0/16 and 169.254.169.0/29, which OVN-Kubernetes takes for itself (ARO-RP,
# openshiftcluster_validatestatic.go); no Azure network can have the others, nor the rest of 169.254.0.0/16 (Virtual Network
# FAQ).
RESERVED = tuple(
    IPv4Network(text)
    for text in (
        "100.64.0.0/16",
        "100.88.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "224.0.0.0/4",
    )
)
RANGES = ("network.cidr", "cluster.podCidr", "cluster.serviceCidr")


def _apart(one: str, other: str) -> Rule:
    @rule(one, other)
    def check(range_: IPv4Network | None, taken: IPv4Network | None) -> Iterator[Mistake]:
        if range_ is not None and taken is not None and range_.overlaps(taken):
            yield Mistake(
                key=one,
                value=str(range_),
                rule=f"must not overlap {other}, which is {taken}",
                fix="move one of the two ranges",
            )

    return check


def _not_reserved(key: str) -> Rule:
    @rule(key)
    def check(range_: IPv4Network | None) -> Iterator[Mistake]:
        for taken in RESERVED:
            if range_ is not None and range_.overlaps(taken):
                yield Mistake(
                    key=key,
                    value=str(range_),
                    rule=f"must not overlap {taken}, which Azure or OpenShift keeps for itself",
                    fix="choose another range, for example one in 10.0.0.0/8",
                )

    return check


def offered(region: str, listed: tuple[str, ...] | None) -> frozenset[str]:
    """The confidential VM sizes of `region`, as far as is known; `listed` is what the file says under azure.vmSizesOffered."""
    return vm_sizes.REGIONS.get(region, frozenset()) if listed is None else frozenset(listed)


def how_to_list(region: str) -> str:
    """How to find out which confidential VM sizes a region offers, and where to say it."""
    return (
        "list under azure.vmSizesOffered what this prints:"
        f" az vm list-skus --location {region} --size Standard_DC --all --query '[].name'"
    )


# Azure Government, Azure China and the former Azure Germany: other endpoints, other names of clusters (aroapp.us), another directory.
_SOVEREIGN = re.compile("usgov.*|usdod.*|china.*|germany(central|northeast)")


@rule("azure.location")
def _cloud(region: str) -> Iterator[Mistake]:
    if _SOVEREIGN.fullmatch(region):
        yield Mistake(
            key="azure.location",
            value=region,
            rule="must be a region of the public Azure cloud: this program knows the endpoints and the names of no other",
            fix="use a public region, for example eastus2",
        )


@rule("azure.location", "azure.vmSizesOffered")
def _region(region: str, listed: tuple[str, ...] | None) -> Iterator[Mistake]:
    if _SOVEREIGN.fullmatch(region):
        return  # refused as such already
    if listed is None and region not in vm_sizes.REGIONS:
        near = get_close_matches(region, vm_sizes.REGIONS, n=1)
        yield Mistake(
            key="azure.location",
            value=region,
            rule="must be an Azure region that this program knows",
            fix=(f"did you mean {near[0]}? " if near else "")
            + f"If the region is right, {how_to_list(region)}",
        )


RULES: tuple[Rule, ...] = (
    *(_apart(one, other) for other, one in combinations(RANGES, 2)),
    *(_not_reserved(key) for key in RANGES),
    _cloud,
    _region,
)
