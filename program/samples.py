"""The sample workloads that a stack chooses."""

import pulumi

from components.spoke.hello_openshift import HelloOpenShift, HelloOpenShiftArgs
from components.spoke.sandboxed_containers import SandboxedContainers
from config.sections import SamplesSection
from model.samples import DEBUG
from program.outputs import HubAccess
from program.place import Place


def declare(
    chosen: SamplesSection, place: Place, hub: HubAccess, sandboxed: SandboxedContainers
) -> dict[str, pulumi.Output[str]]:
    """The address of each chosen sample, by its name."""
    urls: dict[str, pulumi.Output[str]] = {}
    if chosen.hello_openshift:
        hello = HelloOpenShift(
            "hello-openshift",
            HelloOpenShiftArgs(
                apps_domain=place.cluster.apps_domain,
                runtime_class=sandboxed.runtime_class,
                debug_initdata=hub.initdata(DEBUG),
            ),
            place.on_cluster(sandboxed),
        )
        urls |= {f"hello-{variant}": url for variant, url in hello.urls.items()}
    return urls
