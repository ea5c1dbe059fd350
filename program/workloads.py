"""The workloads that a stack deploys, each with the initdata that the hub measured for it."""

import pulumi

from components.spoke.deployed_workload import DeployedWorkload, DeployedWorkloadArgs
from components.spoke.sandboxed_containers import SandboxedContainers
from config.roles import UntrustedStack
from model.paths import ResourcePath
from program.outputs import HubAccess
from program.place import Place
from program.stack import LoadedStack


def declare(
    stack: LoadedStack[UntrustedStack], place: Place, hub: HubAccess, sandboxed: SandboxedContainers
) -> dict[str, pulumi.Output[str]]:
    """The address of each Route, by its name."""

    def sealed_secret(path: ResourcePath) -> pulumi.Output[str]:
        return hub.sealed.apply(lambda sealed: sealed[str(path)])

    urls: dict[str, pulumi.Output[str]] = {}
    for name in stack.config.deployed_workloads:
        deployed = DeployedWorkload(
            f"workload-{name}",
            DeployedWorkloadArgs(
                objects=stack.workloads[name].confidential(
                    sandboxed.runtime_class, hub.workload_initdata(name, stack.name), sealed_secret
                ),
                apps_domain=place.cluster.apps_domain,
            ),
            place.on_cluster(sandboxed),
        )
        urls |= deployed.urls
    return urls
