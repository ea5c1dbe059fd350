"""The hub: the trusted zone, in a network and a cluster of its own. No peer pods run here."""

from config.roles import HubConfig
from program import clusters, references, trusted_zone
from program.outputs import HubOutputs
from program.stack import LoadedStack


def declare(stack: LoadedStack[HubConfig]) -> HubOutputs:
    earlier = references.earlier()
    place = clusters.declare(stack, runs_peer_pods=False)
    return trusted_zone.declare(stack, place, earlier).published
