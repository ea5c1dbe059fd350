"""A spoke: an untrusted zone, in a network and a cluster of its own, whose pods attest to a hub elsewhere."""

import pulumi

from config.roles import SpokeConfig
from config.sections import SelfManagedSection
from program import clusters, references, untrusted_zone
from program.outputs import BegunSpokeOutputs, SpokeOutputs
from program.place import own_network
from program.stack import LoadedStack
from trust.needs import Needs, needs


def declare(stack: LoadedStack[SpokeConfig]) -> SpokeOutputs | BegunSpokeOutputs:
    wanted = _needs(stack)
    if stack.config.hub_may_come_later and (why := references.not_yet(stack.config.hub, wanted)):
        return _begin(stack, why)
    hub = references.hub(stack.config.hub, wanted)
    place = clusters.declare(stack, runs_peer_pods=True)
    return untrusted_zone.declare(stack, place, hub)


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
    )


def _needs(stack: LoadedStack[SpokeConfig]) -> Needs:
    azure, cluster, network = stack.config.required_azure, stack.config.cluster, stack.config.network
    return needs(
        stack.config,
        stack.name,
        stack.workloads,
        network=own_network(stack),
        peers=network.peers or () if network is not None else (),
        ruled_subscription=azure.subscription_id if isinstance(cluster, SelfManagedSection) else None,
    )
