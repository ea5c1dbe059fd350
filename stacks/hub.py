"""The hub: the trusted zone, in a network and a cluster of its own. No peer pods run here."""

from stacks import place, trusted_zone
from stacks.config import HubConfig
from stacks.contracts import HubOutputs, LastUpdate
from stacks.program import LoadedStack


def declare(config: HubConfig, stack: LoadedStack) -> HubOutputs:
    earlier = LastUpdate.read()
    cluster = place.declare(stack, runs_peer_pods=False)
    return trusted_zone.declare(config, stack, cluster, earlier)
