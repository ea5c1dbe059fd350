"""Rules about the untrusted zone: its versions and peer pods, and what these need of a trusted zone in the same stack."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from config.rule import Mistake, Rule, rule
from config.rules.place import how_to_list, offered
from config.rules.trusted import unknown_osc
from config.sections import ProfileSection, Section
from model import versions
from model.azure import addresses, vm_sizes
from model.versions import Version


@rule("azure", "cluster.kind")
def _azure(azure: Section | None, kind: str) -> Iterator[Mistake]:
    if azure is None and kind == "existing":
        yield Mistake(
            key="azure",
            rule="is missing",
            fix="add it, because the machines of confidential pods are made there",
        )


@rule("sandboxedContainers.version")
def _osc_version(osc: Version) -> Iterator[Mistake]:
    if osc.minor not in versions.TRUSTEE_OF_OSC:
        yield unknown_osc("sandboxedContainers.version", osc)


@rule("sandboxedContainers.version", "cluster.version")
def _openshift_version(osc: Version, openshift: Version) -> Iterator[Mistake]:
    if osc.minor not in versions.TRUSTEE_OF_OSC:
        return
    if oldest := versions.oldest_openshift(osc=osc, openshift=openshift):
        yield Mistake(
            key="cluster.version",
            value=openshift,
            rule=f"must be {oldest} or later for sandboxed containers {osc}",
            fix=f"use {oldest} or later",
        )


@rule("network.cidr", "cluster.workerCount", "peerPods.limitPerNode")
def _room_for_peer_pods(cidr: IPv4Network | None, workers: int, limit: int) -> Iterator[Mistake]:
    if cidr is None:
        return  # the subnets are there, and are looked at in the preview
    subnet = addresses.plan(cidr, peer_pods=True).peer_pods
    wanted = workers * limit
    if subnet is not None and wanted > addresses.capacity(subnet):
        yield Mistake(
            key="peerPods.limitPerNode",
            value=str(limit),
            rule=f"must leave every peer pod an address, but {workers} workers make {wanted} and the"
            f" subnet {subnet} has {addresses.capacity(subnet)}",
            fix="take a larger network.cidr or a smaller limit",
        )


@rule("azure.tags")
def _tags_of_peer_pods(tags: Mapping[str, str]) -> Iterator[Mistake]:
    """TAGS of peer-pods-cm is `name=value,name=value`, without spaces."""
    for name, value in tags.items():
        if re.search(r"[\s,=]", value):
            yield Mistake(
                key=f"azure.tags.{name}",
                value=value,
                rule="must be a tag value without spaces, commas and =, because peer-pod VMs get tags as one comma-separated text",
                fix="join its words with hyphens",
            )


@rule("peerPods.vmSize", "peerPods.vmSizes")
def _default_size_is_allowed(default: str, sizes: tuple[str, ...]) -> Iterator[Mistake]:
    if default not in sizes:
        yield Mistake(
            key="peerPods.vmSizes",
            value=", ".join(sizes),
            rule=f"must contain the default size, peerPods.vmSize {default}",
            fix=f"add {default} to the list",
        )


@rule("azure.location", "azure.vmSizesOffered")
def _region_offers_sizes(region: str, listed: tuple[str, ...] | None) -> Iterator[Mistake]:
    if region in vm_sizes.REGIONS and not offered(region, listed):
        yield Mistake(
            key="azure.location",
            value=region,
            rule=f"must be a region with confidential VM sizes, and on {vm_sizes.AS_OF} it had none",
            fix="choose another region, for example eastus2 or westeurope; if Azure has added sizes there,"
            f" {how_to_list(region)}",
        )


@rule("peerPods.vmSize", "azure.location", "azure.vmSizesOffered")
def _default_size_is_offered(default: str, region: str, listed: tuple[str, ...] | None) -> Iterator[Mistake]:
    yield from _not_offered("peerPods.vmSize", default, region, offered(region, listed))


@rule("peerPods.vmSizes", "peerPods.vmSize", "azure.location", "azure.vmSizesOffered")
def _sizes_are_offered(
    sizes: tuple[str, ...], default: str, region: str, listed: tuple[str, ...] | None
) -> Iterator[Mistake]:
    for size in sizes:
        if size != default:
            yield from _not_offered("peerPods.vmSizes", size, region, offered(region, listed))


def _not_offered(key: str, size: str, region: str, known: frozenset[str]) -> Iterator[Mistake]:
    if known and size not in known:
        yield Mistake(
            key=key,
            value=size,
            rule=f"must be a VM size that {region} offers",
            fix=f"use one that it does, for example {min(known, key=lambda name: (len(name), name))}, or another"
            " region; if Azure has added this size there, say so in azure.vmSizesOffered",
        )


@rule("peerPods.profile", "profiles")
def _default_profile(name: str, profiles: Mapping[str, ProfileSection]) -> Iterator[Mistake]:
    if name not in profiles:
        yield Mistake(
            key="peerPods.profile",
            value=name,
            rule="must name a profile of this stack",
            fix=f"use one of {', '.join(profiles)}, or define the profile",
        )


@rule("sandboxedContainers.version", "trustee.oscVersions")
def _own_pods_attest(osc: Version, accepted: tuple[Version, ...]) -> Iterator[Mistake]:
    if osc not in accepted:
        yield Mistake(
            key="sandboxedContainers.version",
            value=osc,
            rule="must be among trustee.oscVersions, or no pod of this stack can attest",
            fix="add it there, with its file of reference values",
        )


@rule("peerPods.vmSizes", "trustee.tees")
def _tees_of_sizes(sizes: tuple[str, ...], accepted: tuple[str, ...]) -> Iterator[Mistake]:
    by_tee: dict[str, list[str]] = {}
    for size in sizes:
        by_tee.setdefault(str(vm_sizes.tee_of(size)), []).append(size)
    for tee in by_tee.keys() - set(accepted):
        yield Mistake(
            key="peerPods.vmSizes",
            value=", ".join(by_tee[tee]),
            rule=f"must be of a kind in trustee.tees, and this is {tee}",
            fix=f"add {tee} there, or use other sizes",
        )


RULES: tuple[Rule, ...] = (
    _azure,
    _osc_version,
    _openshift_version,
    _room_for_peer_pods,
    _tags_of_peer_pods,
    _default_size_is_allowed,
    _region_offers_sizes,
    _default_size_is_offered,
    _sizes_are_offered,
    _default_profile,
    _own_pods_attest,
    _tees_of_sizes,
)
