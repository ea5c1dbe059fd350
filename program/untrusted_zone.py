"""The untrusted zone on a cluster: sandboxed containers, peer pods that know their KBS, and the samples."""

import pulumi

from components.cluster.operator import OperatorSubscription
from components.spoke.peer_pods import PeerPods, PeerPodsArgs
from components.spoke.profile_catalog import ProfileCatalog, ProfileCatalogArgs
from components.spoke.sandboxed_containers import SandboxedContainers, SandboxedContainersArgs
from config.roles import UntrustedStack
from model.azure import podvm_image
from program import catalogue, samples, workloads
from program.outputs import HubAccess, SpokeOutputs
from program.place import Place
from program.stack import LoadedStack


def install(stack: LoadedStack[UntrustedStack], place: Place) -> OperatorSubscription:
    """The operator of sandboxed containers: as far as the zone comes without a hub."""
    assert place.peer_pods is not None, "a zone that runs peer pods asks for their network"
    return place.operator(
        catalogue.SANDBOXED_CONTAINERS,
        stack.config.sandboxed_containers.version,
        environment=place.peer_pods.identity,
    )


def declare(
    stack: LoadedStack[UntrustedStack], place: Place, hub: HubAccess, *before_pods: pulumi.Resource
) -> SpokeOutputs:
    config = stack.config
    assert place.peer_pods is not None, "a zone that runs peer pods asks for their network"
    operator = install(stack, place)
    peer_pods = PeerPods(
        "peer-pods",
        PeerPodsArgs(
            namespace=operator.namespace,
            initdata=hub.initdata(config.peer_pods.profile),
            resource_group=place.peer_pods.resource_group,
            region=place.peer_pods.region,
            subnet_id=place.peer_pods.subnet_id,
            nsg_id=place.peer_pods.nsg_id,
            vm_size=config.peer_pods.vm_size,
            vm_sizes=config.peer_pods.vm_sizes,
            limit_per_node=config.peer_pods.limit_per_node,
            root_volume_gb=config.peer_pods.root_volume_gb,
            tags={**config.required_azure.tags, "coco-stack": stack.name},
        ),
        place.on_cluster(operator),
    )
    sandboxed = SandboxedContainers(
        "sandboxed-containers",
        SandboxedContainersArgs(
            namespace=operator.namespace,
            log_level=config.sandboxed_containers.log_level,
            settings=peer_pods.digest,
            image_name=podvm_image.base_name(config.required_azure.subscription_id, stack.name),
        ),
        place.on_cluster(operator, peer_pods, *before_pods),
    )
    documents = hub.documents(stack.name)
    ProfileCatalog(
        "profile-catalog",
        ProfileCatalogArgs(
            namespace=operator.namespace,
            runtime_class=sandboxed.runtime_class,
            initdata={name: made.initdata for name, made in documents.items()},
            pcr8={name: made.pcr8 for name, made in documents.items()},
        ),
        place.on_cluster(operator),
    )
    return SpokeOutputs(
        runtime_class=sandboxed.runtime_class,
        documents=documents,
        console_url=place.cluster.console_url,
        kbs_url=hub.kbs_url,
        default_profile=config.peer_pods.profile,
        egress_address=place.peer_pods.egress_address,
        vpn_address=place.network.vpn_address if place.network else None,
        urls={
            **samples.declare(config.samples, place, hub, sandboxed),
            **workloads.declare(stack, place, hub, sandboxed),
        },
    )
