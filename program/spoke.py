"""A spoke: an untrusted zone, in a network and a cluster of its own, whose pods attest to a hub elsewhere."""

from config.roles import SpokeConfig
from program import place, untrusted_zone
from program.contracts import HubOutputs, SpokeOutputs
from program.stack import LoadedStack


def declare(config: SpokeConfig, stack: LoadedStack) -> SpokeOutputs:
    hub = HubOutputs.of(config.hub, untrusted_zone.needs(config))
    cluster = place.declare(stack, runs_peer_pods=True)
    return untrusted_zone.declare(config, stack, cluster, hub)
