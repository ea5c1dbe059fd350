"""Rules about the VPN gateway of a stack's network."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations

from config.rule import Mistake, Rule, rule
from config.rules.place import RANGES, RESERVED
from config.sections import SiteSection, VpnSection

Sites = Mapping[str, SiteSection]


@rule("network.vpn")
def _leads_somewhere(vpn: VpnSection | None) -> Iterator[Mistake]:
    if vpn is not None and not vpn.connections:
        yield Mistake(
            key="network.vpn",
            value="none",
            rule="must have a connection, because a gateway costs by the hour",
            fix="add one under sites or gateways, or remove the section",
        )


@rule("network.vpn.sites", "network.vpn.gateways")
def _one_name_one_connection(sites: Sites, gateways: Mapping[str, str]) -> Iterator[Mistake]:
    for name in sorted(sites.keys() & gateways.keys()):
        yield Mistake(
            key=f"network.vpn.gateways.{name}",
            value=name,
            rule=f"must have a name of its own, because network.vpn.sites.{name} has it too and coco:vpnKeys has one key for each name",
            fix="rename one of the two",
        )


@rule("network.vpn.sites")
def _something_behind(sites: Sites) -> Iterator[Mistake]:
    for name, site in sites.items():
        if not site.ranges and site.bgp is None:
            yield Mistake(
                key=f"network.vpn.sites.{name}.ranges",
                rule="is missing",
                fix="write the ranges of the site, or bgp where its device tells them; without, nothing leads there",
            )


@rule("network.vpn.sites", "network.vpn.asn")
def _two_systems(sites: Sites, own: int | None) -> Iterator[Mistake]:
    for name, site in sites.items():
        if site.bgp is None:
            continue
        key = f"network.vpn.sites.{name}"
        if own is None:
            yield Mistake(
                key="network.vpn.asn",
                rule="is missing",
                fix=f"give the gateway an autonomous system number, for example 65010, because {key} has bgp",
            )
        elif own == site.bgp.asn:
            yield Mistake(
                key=f"{key}.bgp.asn",
                value=str(site.bgp.asn),
                rule="must be another one than network.vpn.asn, because the two ends are two systems",
                fix="change one of the two",
            )


def _ranges(sites: Sites) -> list[tuple[str, IPv4Network]]:
    """Those of all sites, each with its key."""
    return [
        (f"network.vpn.sites.{name}.ranges", each) for name, site in sites.items() for each in site.ranges
    ]


@rule("network.vpn.sites")
def _apart_from_each_other(sites: Sites) -> Iterator[Mistake]:
    for (other, taken), (key, range_) in combinations(_ranges(sites), 2):
        if key != other and range_.overlaps(taken):
            yield Mistake(
                key=key,
                value=str(range_),
                rule=f"must not overlap {other}, which has {taken}, because Azure sends each address one way alone",
                fix="narrow one of the two",
            )


@rule("network.vpn.sites")
def _not_reserved(sites: Sites) -> Iterator[Mistake]:
    for key, range_ in _ranges(sites):
        for taken in RESERVED:
            if range_.overlaps(taken):
                yield Mistake(
                    key=key,
                    value=str(range_),
                    rule=f"must not overlap {taken}, which Azure or OpenShift keeps for itself",
                    fix="narrow it",
                )


def _apart(own: str) -> Rule:
    @rule("network.vpn.sites", own)
    def check(sites: Sites, taken: IPv4Network | None) -> Iterator[Mistake]:
        for key, range_ in _ranges(sites):
            if taken is not None and range_.overlaps(taken):
                yield Mistake(
                    key=key,
                    value=str(range_),
                    rule=f"must not overlap {own}, which is {taken}, because its addresses would never leave the cluster",
                    fix="move one of the two ranges",
                )

    return check


RULES: tuple[Rule, ...] = (
    _leads_somewhere,
    _one_name_one_connection,
    _something_behind,
    _two_systems,
    _apart_from_each_other,
    _not_reserved,
    *(_apart(own) for own in RANGES),
)
