"""Rules about the untrusted zone: its versions and peer pods, and what these need of a trusted zone in the same stack."""

from collections.abc import Iterator

from config.rules.place import offered
from config.rules.problem import Problem, Rule
from config.rules.trusted import unknown_osc
from config.sections import AroSection, Stack, TrustedZone, UntrustedZone
from model import versions
from model.azure import addresses, vm_sizes


def _osc_version(stack: Stack) -> Iterator[Problem]:
    if not isinstance(stack, UntrustedZone):
        return
    osc = stack.sandboxed_containers.version
    if versions.minor(osc) not in versions.TRUSTEE_OF_OSC:
        yield unknown_osc("sandboxedContainers.version", osc)
    elif isinstance(stack.cluster, AroSection) and (
        oldest := versions.oldest_openshift(osc=osc, openshift=stack.cluster.version)
    ):
        yield Problem(
            key="cluster.version",
            value=stack.cluster.version,
            rule=f"must be {oldest} or later for sandboxed containers {osc}",
            fix=f"use {oldest} or later",
        )


def _room_for_peer_pods(stack: Stack) -> Iterator[Problem]:
    if (
        not isinstance(stack, UntrustedZone)
        or not isinstance(stack.cluster, AroSection)
        or stack.network is None
    ):
        return
    subnet = addresses.plan(stack.network.cidr, peer_pods=True).peer_pods
    wanted = stack.cluster.worker_count * stack.peer_pods.limit_per_node
    if subnet is not None and wanted > addresses.capacity(subnet):
        yield Problem(
            key="peerPods.limitPerNode",
            value=str(stack.peer_pods.limit_per_node),
            rule=f"must leave every peer pod an address, but {stack.cluster.worker_count} workers make {wanted} and the"
            f" subnet {subnet} has {addresses.capacity(subnet)}",
            fix="take a larger network.cidr or a smaller limit",
        )


def _default_size_is_allowed(stack: Stack) -> Iterator[Problem]:
    if isinstance(stack, UntrustedZone) and stack.peer_pods.vm_size not in stack.peer_pods.vm_sizes:
        yield Problem(
            key="peerPods.vmSizes",
            value=", ".join(stack.peer_pods.vm_sizes),
            rule=f"must contain the default size, peerPods.vmSize {stack.peer_pods.vm_size}",
            fix=f"add {stack.peer_pods.vm_size} to the list",
        )


def _default_size_is_offered(stack: Stack) -> Iterator[Problem]:
    if isinstance(stack, UntrustedZone):
        yield from _not_offered(stack, "peerPods.vmSize", stack.peer_pods.vm_size)


def _sizes_are_offered(stack: Stack) -> Iterator[Problem]:
    if isinstance(stack, UntrustedZone):
        for size in stack.peer_pods.vm_sizes:
            if size != stack.peer_pods.vm_size:
                yield from _not_offered(stack, "peerPods.vmSizes", size)


def _not_offered(stack: Stack, key: str, size: str) -> Iterator[Problem]:
    known = offered(stack)
    if known and size not in known:
        yield Problem(
            key=key,
            value=size,
            rule=f"must be a VM size that {stack.azure.location} offers",
            fix=f"use one that it does, for example {min(known, key=lambda name: (len(name), name))}, or another"
            " region; if Azure has added this size there, say so in azure.vmSizesOffered",
        )


def _both_zones(stack: Stack) -> Iterator[Problem]:
    if not isinstance(stack, TrustedZone) or not isinstance(stack, UntrustedZone):
        return
    if stack.peer_pods.profile not in stack.profiles:
        yield Problem(
            key="peerPods.profile",
            value=stack.peer_pods.profile,
            rule="must name a profile of this stack",
            fix=f"use one of {', '.join(stack.profiles)}, or define the profile",
        )
    if stack.sandboxed_containers.version not in stack.trustee.osc_versions:
        yield Problem(
            key="sandboxedContainers.version",
            value=stack.sandboxed_containers.version,
            rule="must be among trustee.oscVersions, or no pod of this stack can attest",
            fix="add it there, with its file of reference values",
        )
    by_tee: dict[str, list[str]] = {}
    for size in stack.peer_pods.vm_sizes:
        by_tee.setdefault(str(vm_sizes.tee_of(size)), []).append(size)
    for tee in by_tee.keys() - set(stack.trustee.tees):
        yield Problem(
            key="peerPods.vmSizes",
            value=", ".join(by_tee[tee]),
            rule=f"must be of a kind in trustee.tees, and this is {tee}",
            fix=f"add {tee} there, or use other sizes",
        )


RULES: tuple[Rule, ...] = (
    _osc_version,
    _room_for_peer_pods,
    _default_size_is_allowed,
    _default_size_is_offered,
    _sizes_are_offered,
    _both_zones,
)
