"""The hub: the trusted zone, in a network and a cluster of its own. No peer pods run here."""

from config.roles import HubConfig
from program import place, trusted_zone
from program.contracts import HubOutputs, LastUpdate
from program.stack import LoadedStack


def declare(config: HubConfig, stack: LoadedStack) -> HubOutputs:
    earlier = LastUpdate.read()
    cluster = place.declare(stack, runs_peer_pods=False)
    return trusted_zone.declare(config, stack, cluster, earlier)
