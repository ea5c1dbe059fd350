"""A spoke: an untrusted zone, in a network and a cluster of its own, whose pods attest to a hub elsewhere."""

from config.roles import SpokeConfig
from program import clusters, references, untrusted_zone
from program.outputs import SpokeOutputs
from program.stack import LoadedStack
from trust.needs import Needs, needs


def declare(stack: LoadedStack[SpokeConfig]) -> SpokeOutputs:
    hub = references.hub(stack.config.hub, _needs(stack))
    place = clusters.declare(stack, runs_peer_pods=True)
    return untrusted_zone.declare(stack, place, hub)


def _needs(stack: LoadedStack[SpokeConfig]) -> Needs:
    own_network = stack.config.cluster.kind == "aro"
    return needs(stack.config, stack.name, stack.workloads, own_network=own_network)
