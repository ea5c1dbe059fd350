"""Both zones on one cluster, for a first trial: whoever runs the cluster also runs what attests its pods."""

import pulumi

from config.roles import StandaloneConfig
from program import clusters, references, trusted_zone, untrusted_zone
from program.outputs import StandaloneOutputs
from program.stack import LoadedStack
from trust.needs import needs, not_offered


def declare(stack: LoadedStack[StandaloneConfig]) -> StandaloneOutputs:
    says = trusted_zone.inputs(stack)
    problems = not_offered(
        says.offer,
        needs(stack.config, stack.name, stack.workloads),
        profiles=stack.config.profiles,
        sealed=says.sealed_paths,
    )
    if problems:
        raise pulumi.RunError(
            "this stack cannot serve its own pods:\n" + "\n".join(f"  {p}" for p in problems)
        )
    pulumi.log.warn(
        "standalone: the trust zones are not separate. Use a hub and a spoke for anything but a first trial."
    )
    earlier = references.earlier()
    place = clusters.declare(stack, runs_peer_pods=True)
    hub = trusted_zone.declare(stack, place, earlier)
    return StandaloneOutputs(hub=hub.published, spoke=untrusted_zone.declare(stack, place, hub.access))
