"""Both zones on one cluster, for a first trial: whoever runs the cluster also runs what attests its pods."""

import pulumi

from config.roles import StandaloneConfig
from program import place, trusted_zone, untrusted_zone
from program.contracts import LastUpdate, StandaloneOutputs, contract_problems
from program.stack import LoadedStack
from trust import serving


def declare(config: StandaloneConfig, stack: LoadedStack) -> StandaloneOutputs:
    problems = contract_problems(serving.promises(config), untrusted_zone.needs(config))
    if problems:
        raise pulumi.RunError(
            "this stack cannot serve its own pods:\n" + "\n".join(f"  {p}" for p in problems)
        )
    pulumi.log.warn(
        "standalone: the trust zones are not separate. Use a hub and a spoke for anything but a first trial."
    )
    earlier = LastUpdate.read()
    cluster = place.declare(stack, runs_peer_pods=True)
    hub = trusted_zone.declare(config, stack, cluster, earlier)
    return StandaloneOutputs(hub=hub, spoke=untrusted_zone.declare(config, stack, cluster, hub))
