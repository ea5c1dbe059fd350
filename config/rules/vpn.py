"""Rules about the VPN gateway of a stack's network."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from config.rule import Mistake, Rule, rule
from config.rules.place import RANGES, RESERVED
from config.sections import NetworkSection


@rule("network")
def _in_an_own_network(network: NetworkSection | None) -> Iterator[Mistake]:
    if network is not None and network.subnets is not None and network.vpn is not None:
        yield Mistake(
            key="network.vpn",
            value=", ".join(sorted(network.vpn.connections)) or "no connection",
            rule="must be absent where network.subnets is given, because that network is its owner's to connect",
            fix="remove it, and ask the owner for the VPN gateway",
        )


@rule("network")
def _leads_somewhere(network: NetworkSection | None) -> Iterator[Mistake]:
    vpn = network.vpn if network is not None else None
    if vpn is None:
        return
    if not vpn.connections:
        yield Mistake(
            key="network.vpn",
            value="none",
            rule="must have a connection, because a gateway costs by the hour",
            fix="add one under sites or gateways, or remove the section",
        )
    for name in sorted(vpn.sites.keys() & vpn.gateways.keys()):
        yield Mistake(
            key=f"network.vpn.gateways.{name}",
            value=name,
            rule=f"must have a name of its own, because network.vpn.sites.{name} has it too and coco:vpnKeys has one key for each name",
            fix="rename one of the two",
        )


@rule("network")
def _what_is_behind(network: NetworkSection | None) -> Iterator[Mistake]:
    vpn = network.vpn if network is not None else None
    if vpn is None:
        return
    for name, site in vpn.sites.items():
        key = f"network.vpn.sites.{name}"
        if not site.ranges and site.bgp is None:
            yield Mistake(
                key=f"{key}.ranges",
                rule="is missing",
                fix="write the ranges of the site, or bgp where its device tells them; without, nothing leads there",
            )
        if site.bgp is None:
            continue
        if vpn.asn is None:
            yield Mistake(
                key="network.vpn.asn",
                rule="is missing",
                fix=f"give the gateway an autonomous system number, for example 65010, because {key} has bgp",
            )
        elif vpn.asn == site.bgp.asn:
            yield Mistake(
                key=f"{key}.bgp.asn",
                value=str(site.bgp.asn),
                rule="must be another one than network.vpn.asn, because the two ends are two systems",
                fix="change one of the two",
            )


def _sites(network: NetworkSection | None) -> list[tuple[str, IPv4Network]]:
    """The ranges of all sites, each with its key."""
    if network is None or network.vpn is None:
        return []
    return [
        (f"network.vpn.sites.{name}.ranges", each)
        for name, site in network.vpn.sites.items()
        for each in site.ranges
    ]


@rule("network")
def _apart_from_each_other(network: NetworkSection | None) -> Iterator[Mistake]:
    for (other, taken), (key, range_) in combinations(_sites(network), 2):
        if key != other and range_.overlaps(taken):
            yield Mistake(
                key=key,
                value=str(range_),
                rule=f"must not overlap {other}, which has {taken}, because Azure sends each address one way alone",
                fix="narrow one of the two",
            )


@rule("network")
def _not_reserved(network: NetworkSection | None) -> Iterator[Mistake]:
    for key, range_ in _sites(network):
        for taken in RESERVED:
            if range_.overlaps(taken):
                yield Mistake(
                    key=key,
                    value=str(range_),
                    rule=f"must not overlap {taken}, which Azure or OpenShift keeps for itself",
                    fix="narrow it",
                )


def _apart(own: str) -> Rule:
    @rule("network", own)
    def check(network: NetworkSection | None, taken: IPv4Network | None) -> Iterator[Mistake]:
        for key, range_ in _sites(network):
            if taken is not None and range_.overlaps(taken):
                yield Mistake(
                    key=key,
                    value=str(range_),
                    rule=f"must not overlap {own}, which is {taken}, because its addresses would never leave the cluster",
                    fix="move one of the two ranges",
                )

    return check


RULES: tuple[Rule, ...] = (
    _in_an_own_network,
    _leads_somewhere,
    _what_is_behind,
    _apart_from_each_other,
    _not_reserved,
    *(_apart(own) for own in RANGES),
)
