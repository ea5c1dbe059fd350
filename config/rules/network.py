"""Rules about the network of a cluster that the stack makes: a network of its own, or subnets that are there."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from config.rule import Mistake, Rule, rule
from config.sections import NetworkSection, SubnetsSection
from model.azure.ids import AzureId


@rule("network")
def _one_of_both(network: NetworkSection | None) -> Iterator[Mistake]:
    if network is not None and (network.cidr is None) == (network.subnets is None):
        yield Mistake(
            key="network",
            value="both" if network.cidr else "neither",
            rule="must have either a cidr, of which the stack makes a network, or subnets that are there",
            fix="write one of the two",
        )


@rule("network.subnets")
def _distinct(subnets: SubnetsSection | None) -> Iterator[Mistake]:
    if subnets is None:
        return
    given = {"controlPlane": subnets.control_plane, "workers": subnets.workers, "peerPods": subnets.peer_pods}
    taken: dict[str, str] = {}
    for key, name in given.items():
        if name is None:
            continue
        if name.lower() in taken:
            yield Mistake(
                key=f"network.subnets.{key}",
                value=name,
                rule=f"must be a subnet of its own, and is that of network.subnets.{taken[name.lower()]} too",
                fix="make another subnet in the same network",
            )
        taken.setdefault(name.lower(), key)


@rule("network.subnets.vnet", "azure.subscriptionId")
def _in_the_subscription(vnet: str, subscription: str) -> Iterator[Mistake]:
    if AzureId.parse(vnet).subscription != subscription:
        yield Mistake(
            key="network.subnets.vnet",
            value=vnet,
            rule=f"must be in azure.subscriptionId {subscription}, as ARO asks",
            fix="make the cluster in the subscription of its network",
        )


@rule("network.subnets")
def _with_peer_pods(subnets: SubnetsSection | None) -> Iterator[Mistake]:
    if subnets is not None and subnets.peer_pods is None:
        yield Mistake(
            key="network.subnets.peerPods",
            rule="is missing",
            fix="add the name of the subnet of the confidential VMs",
        )


@rule("network.subnets")
def _without_peer_pods(subnets: SubnetsSection | None) -> Iterator[Mistake]:
    if subnets is not None and subnets.peer_pods is not None:
        yield Mistake(
            key="network.subnets.peerPods",
            value=subnets.peer_pods,
            rule="must be absent in a stack without confidential pods",
            fix="remove it",
        )


@rule("network")
def _left_to_the_owner(network: NetworkSection | None) -> Iterator[Mistake]:
    if network is None or network.subnets is None:
        return
    connect = "that network is its owner's to connect"
    if network.peers:
        yield _owners("peers", network.peers[0], connect, "the peering")
    if network.vpn is not None:
        names = ", ".join(sorted(network.vpn.connections)) or "no connection"
        yield _owners("vpn", names, connect, "the VPN gateway")
    if network.kbs_address is not None:
        why = "names in that network are its owner's"
        yield _owners("kbsAddress", str(network.kbs_address), why, "the name of the KBS")


def _owners(key: str, value: str, why: str, what: str) -> Mistake:
    return Mistake(
        key=f"network.{key}",
        value=value,
        rule=f"must be absent where network.subnets is given, because {why}",
        fix=f"remove it, and ask the owner for {what}",
    )


@rule("network")
def _name_on_a_path(network: NetworkSection | None) -> Iterator[Mistake]:
    """Where all that the network is connected with is known."""
    if (
        network is None
        or network.kbs_address is None
        or network.vpn is None
        or network.peers
        or network.vpn.gateways
    ):
        return
    sites = network.vpn.sites.values()
    if any(site.bgp is not None for site in sites):
        return
    if not any(network.kbs_address in range_ for site in sites for range_ in site.ranges):
        yield Mistake(
            key="network.kbsAddress",
            value=str(network.kbs_address),
            rule="must be in the ranges of a site under network.vpn.sites, because no other path leads out of this network",
            fix="correct the address, or add its range to its site",
        )


@rule("network.kbsAddress")
def _without_hub(address: IPv4Address | None) -> Iterator[Mistake]:
    if address is not None:
        yield Mistake(
            key="network.kbsAddress",
            value=str(address),
            rule="must be absent in a stack that has its KBS itself",
            fix="remove it; a spoke has it",
        )


RULES: tuple[Rule, ...] = (
    _one_of_both,
    _distinct,
    _in_the_subscription,
    _left_to_the_owner,
    _name_on_a_path,
)
WITH_PEER_PODS, WITHOUT_PEER_PODS, WITHOUT_HUB = _with_peer_pods, _without_peer_pods, _without_hub
