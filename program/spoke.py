"""A spoke: an untrusted zone, in a network and a cluster of its own, whose pods attest to a hub elsewhere."""

import pulumi

from components.spoke.kbs_name import KbsName, KbsNameArgs
from config.roles import SpokeConfig
from config.sections import SelfManagedSection
from program import clusters, references, untrusted_zone
from program.outputs import BegunSpokeOutputs, HubAccess, SpokeOutputs
from program.place import Place, own_gateway, own_network
from program.stack import LoadedStack
from trust.needs import Needs, needs
from trust.paths import Paths


def declare(stack: LoadedStack[SpokeConfig]) -> SpokeOutputs | BegunSpokeOutputs:
    wanted = _needs(stack)
    if stack.config.hub_may_come_later and (why := references.not_yet(stack.config.hub, wanted)):
        return _begin(stack, why)
    hub = references.hub(stack.config.hub, wanted)
    place = clusters.declare(stack, runs_peer_pods=True)
    return untrusted_zone.declare(stack, place, hub, *_kbs_name(stack, place, hub))


def _begin(stack: LoadedStack[SpokeConfig], why: str) -> BegunSpokeOutputs:
    """All that does not depend on the hub, which takes most of the time."""
    references.must_not_be_complete(stack.config.hub, why)
    place = clusters.declare(stack, runs_peer_pods=True)
    untrusted_zone.install(stack, place)
    pulumi.warn(
        f"coco:hub: {stack.config.hub} {why}, so this brings up the network, the cluster and the operator alone "
        "(coco:hubMayComeLater). The confidential part follows with the next up after the hub's."
    )
    return BegunSpokeOutputs(
        hub=stack.config.hub,
        console_url=place.cluster.console_url,
        egress_address=place.peer_pods.egress_address if place.peer_pods else None,
        vpn_address=place.network.vpn_address if place.network else None,
    )


def _kbs_name(stack: LoadedStack[SpokeConfig], place: Place, hub: HubAccess) -> list[KbsName]:
    """Where public DNS does not know the name of the KBS."""
    section = stack.config.network
    if section is None or section.kbs_address is None:
        return []
    assert place.network is not None, (
        "config.rules refuses an address for a network that the stack does not make"
    )
    args = KbsNameArgs(
        kbs_url=hub.kbs_url,
        address=str(section.kbs_address),
        vnet_id=place.network.vnet_id,
        resource_group_name=place.network.resource_group,
        tags={**stack.config.required_azure.tags, "coco-stack": stack.name},
    )
    return [KbsName("kbs-name", args, place.in_azure)]


def _needs(stack: LoadedStack[SpokeConfig]) -> Needs:
    azure, cluster = stack.config.required_azure, stack.config.cluster
    return needs(
        stack.config,
        stack.name,
        stack.workloads,
        paths=_paths(stack),
        ruled_subscription=azure.subscription_id if isinstance(cluster, SelfManagedSection) else None,
    )


def _paths(stack: LoadedStack[SpokeConfig]) -> Paths | None:
    section, network = stack.config.network, own_network(stack)
    if section is None or network is None:
        return None
    vpn = section.vpn
    return Paths(
        network=network,
        gateway=own_gateway(stack),
        peers=(*(section.peers or ()), *(vpn.gateways.values() if vpn else ())),
        sites=vpn is not None and bool(vpn.sites),
    )
