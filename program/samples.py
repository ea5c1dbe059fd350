"""The sample workloads that a stack chooses."""

import pulumi

from components.spoke.hello_openshift import HelloOpenShift, HelloOpenShiftArgs
from components.spoke.kbs_sealed import KbsSealed, KbsSealedArgs
from components.spoke.sandboxed_containers import SandboxedContainers
from config.sections import SamplesSection
from model.samples import DEBUG, HARDENED, SEALED
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
                hardened_initdata=hub.initdata(HARDENED),
                debug_initdata=hub.initdata(DEBUG),
            ),
            place.on_cluster(sandboxed),
        )
        urls |= {f"hello-{variant}": url for variant, url in hello.urls.items()}
    if chosen.kbs_sealed:
        kbs_sealed = KbsSealed(
            "kbs-sealed",
            KbsSealedArgs(
                apps_domain=place.cluster.apps_domain,
                runtime_class=sandboxed.runtime_class,
                initdata=hub.initdata(HARDENED),
                sealed=hub.sealed.apply(lambda sealed: sealed[str(SEALED)]),
            ),
            place.on_cluster(sandboxed),
        )
        urls["kbs-sealed"] = kbs_sealed.url
    return urls
