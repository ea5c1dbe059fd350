"""Rules about where a stack lives: its Azure region and its ranges of addresses."""

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import IPv4Network
from itertools import combinations

from config.rule import Problem, Rule, rule
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
    def check(range_: IPv4Network, taken: IPv4Network) -> Iterator[Problem]:
        if range_.overlaps(taken):
            yield Problem(
                key=one,
                value=str(range_),
                rule=f"must not overlap {other}, which is {taken}",
                fix="move one of the two ranges",
            )

    return check


def _not_reserved(key: str) -> Rule:
    @rule(key)
    def check(range_: IPv4Network) -> Iterator[Problem]:
        for taken in RESERVED:
            if range_.overlaps(taken):
                yield Problem(
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


@rule("azure.location", "azure.vmSizesOffered")
def _region(region: str, listed: tuple[str, ...] | None) -> Iterator[Problem]:
    if listed is None and region not in vm_sizes.REGIONS:
        near = get_close_matches(region, vm_sizes.REGIONS, n=1)
        yield Problem(
            key="azure.location",
            value=region,
            rule="must be an Azure region that this program knows",
            fix=(f"did you mean {near[0]}? " if near else "")
            + f"If the region is right, {how_to_list(region)}",
        )


RULES: tuple[Rule, ...] = (
    *(_apart(one, other) for other, one in combinations(RANGES, 2)),
    *(_not_reserved(key) for key in RANGES),
    _region,
)
