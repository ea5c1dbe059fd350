"""The untrusted zone on a cluster: sandboxed containers, peer pods that know their KBS, and the samples."""

import pulumi

from components.cluster.operator import OperatorSubscription, OperatorSubscriptionArgs
from components.spoke.hello_openshift import HelloOpenShift, HelloOpenShiftArgs
from components.spoke.kbs_access import KbsAccess, KbsAccessArgs
from components.spoke.kbs_sealed import KbsSealed, KbsSealedArgs
from components.spoke.peer_pods import PeerPods, PeerPodsArgs
from components.spoke.sandboxed_containers import NAMESPACE, SandboxedContainers, SandboxedContainersArgs
from config.roles import SpokeConfig, StandaloneConfig
from model.azure import vm_sizes
from model.samples import DEBUG, HARDENED, WEB_IMAGE
from program.contracts import HubOutputs, Needs, SpokeOutputs
from program.place import Place
from program.stack import LoadedStack

SAMPLE_RESOURCE = "default/kbsres1/key1"
SEALED_RESOURCE = "default/kbsres1/key2"


def needs(config: SpokeConfig | StandaloneConfig) -> Needs:
    """What the hub must publish for this zone."""
    samples, profiles, resources = config.samples, {config.peer_pods.profile}, dict[str, str]()
    if samples.hello_openshift:
        profiles |= {HARDENED, DEBUG}
    if samples.kbs_access:
        resources[SAMPLE_RESOURCE] = HARDENED
    if samples.kbs_sealed:
        resources[SEALED_RESOURCE] = HARDENED
    any_sample = samples.hello_openshift or samples.kbs_access or samples.kbs_sealed
    return Needs(
        osc_version=config.sandboxed_containers.version,
        tees=frozenset(tee.value for size in config.peer_pods.vm_sizes if (tee := vm_sizes.tee_of(size))),
        profiles=frozenset({*profiles, *resources.values()}),
        resources=resources,
        sealed=frozenset({SEALED_RESOURCE} if samples.kbs_sealed else ()),
        images=frozenset({WEB_IMAGE} if any_sample else ()),
    )


def declare(
    config: SpokeConfig | StandaloneConfig, stack: LoadedStack, place: Place, hub: HubOutputs
) -> SpokeOutputs:
    assert place.peer_pods is not None, "a zone that runs peer pods asks for their network"
    operator = OperatorSubscription(
        "osc-operator",
        OperatorSubscriptionArgs(
            namespace=NAMESPACE,
            package="sandboxed-containers-operator",
            csv=f"sandboxed-containers-operator.v{config.sandboxed_containers.version}",
            source=config.operators.source,
            privileged=True,
        ),
        place.on_cluster(),
    )
    peer_pods = PeerPods(
        "peer-pods",
        PeerPodsArgs(
            namespace=operator.namespace,
            initdata=hub.encoded(config.peer_pods.profile),
            resource_group=place.peer_pods.resource_group,
            region=place.peer_pods.region,
            subnet_id=place.peer_pods.subnet_id,
            nsg_id=place.peer_pods.nsg_id,
            vm_size=config.peer_pods.vm_size,
            vm_sizes=config.peer_pods.vm_sizes,
            limit_per_node=config.peer_pods.limit_per_node,
            root_volume_gb=config.peer_pods.root_volume_gb,
            tags={**config.azure.tags, "coco-stack": stack.name},
        ),
        place.on_cluster(operator),
    )
    sandboxed = SandboxedContainers(
        "sandboxed-containers",
        SandboxedContainersArgs(
            namespace=operator.namespace, log_level=config.sandboxed_containers.log_level
        ),
        place.on_cluster(operator, peer_pods),
    )
    return SpokeOutputs(
        console_url=place.console_url,
        kbs_url=hub.kbs_url,
        default_profile=config.peer_pods.profile,
        egress_address=place.peer_pods.egress_address,
        urls=_samples(config, place, hub, sandboxed),
    )


def _samples(
    config: SpokeConfig | StandaloneConfig, place: Place, hub: HubOutputs, sandboxed: SandboxedContainers
) -> dict[str, pulumi.Output[str]]:
    urls: dict[str, pulumi.Output[str]] = {}
    if config.samples.hello_openshift:
        hello = HelloOpenShift(
            "hello-openshift",
            HelloOpenShiftArgs(
                apps_domain=place.apps_domain,
                runtime_class=sandboxed.runtime_class,
                hardened_initdata=hub.encoded(HARDENED),
                debug_initdata=hub.encoded(DEBUG),
            ),
            place.on_cluster(sandboxed),
        )
        urls |= {f"hello-{variant}": url for variant, url in hello.urls.items()}
    if config.samples.kbs_access:
        kbs_access = KbsAccess(
            "kbs-access",
            KbsAccessArgs(
                apps_domain=place.apps_domain,
                runtime_class=sandboxed.runtime_class,
                initdata=hub.encoded(HARDENED),
                resource=SAMPLE_RESOURCE,
            ),
            place.on_cluster(sandboxed),
        )
        urls["kbs-access"] = kbs_access.url
    if config.samples.kbs_sealed:
        kbs_sealed = KbsSealed(
            "kbs-sealed",
            KbsSealedArgs(
                apps_domain=place.apps_domain,
                runtime_class=sandboxed.runtime_class,
                initdata=hub.encoded(HARDENED),
                sealed=hub.sealed.apply(lambda sealed: sealed[SEALED_RESOURCE]),
            ),
            place.on_cluster(sandboxed),
        )
        urls["kbs-sealed"] = kbs_sealed.url
    return urls
