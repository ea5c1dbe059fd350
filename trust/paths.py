"""Whether the network of a spoke reaches a KBS without a public address: what each side says it is connected with."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from trust.contract import Contract


@dataclass(frozen=True, kw_only=True)
class Paths:
    """The ``network`` that a stack makes, by its id, and its VPN ``gateway``. ``peers``: the ids of the networks and VPN gateways that
    it connects itself with. ``sites``: whether its gateway leads to sites, of which nothing is known here.
    """

    network: str
    gateway: str | None = None
    peers: tuple[str, ...] = ()
    sites: bool = False


def unreachable(contract: Contract, paths: Paths | None) -> Iterator[str]:
    """What a spoke lacks for a path to the KBS. ``paths`` is None where somebody else knows them."""
    if paths is None or contract.kbs_visibility != "Private":
        return
    start = "its KBS has no public address (coco:cluster.visibility of the hub is Private), and"
    if contract.network is None:
        if not paths.sites:
            yield (
                f"{start} no path leads there from the network that this stack makes: use a hub with a public KBS, or"
                " coco:network.vpn.sites with the place of the hub, or for this spoke an existing cluster, or network.subnets,"
                " with a path of yours"
            )
    elif not _ways(contract, paths):
        gateway = f", or {contract.gateway} to coco:network.vpn.gateways" if contract.gateway else ""
        yield f"{start} its network is not among those of this stack: add {contract.network} to coco:network.peers here{gateway}"
    elif waits := hubs_half(contract, paths):
        yield (
            f"{start} it has not made its half of the connection: this stack's must be there first, so bring it up with"
            f" coco:hubMayComeLater: true; add {waits} of the hub, and bring the hub up; then this stack again"
        )


def hubs_half(contract: Contract, paths: Paths | None) -> str:
    """The id and the key of the hub that are all a spoke lacks for a path to a private KBS; empty where it lacks nothing, or more."""
    if paths is None or contract.network is None or contract.kbs_visibility != "Private":
        return ""
    ways = _ways(contract, paths)
    if not ways or any(_names(contract.peers, id_) for id_ in ways):
        return ""
    id_, key = next(iter(ways.items()))
    return f"{id_} to {key}"


def _ways(contract: Contract, paths: Paths) -> dict[str, str]:
    """The halves that the spoke makes: by the id that the hub has to name for it, the key under which."""
    ways: dict[str, str] = {}
    if contract.network and _names(paths.peers, contract.network):
        ways[paths.network] = "coco:network.peers"
    if paths.gateway and contract.gateway and _names(paths.peers, contract.gateway):
        ways[paths.gateway] = "coco:network.vpn.gateways"
    return ways


def _names(ids: Collection[str], wanted: str) -> bool:
    """Azure compares ids without regard to case."""
    return wanted.lower() in {each.lower() for each in ids}
