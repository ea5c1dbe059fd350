"""How cloud-api-adaptor makes the virtual machine of a peer pod: ``peer-pods-cm``.

The operator writes into this map as well. ``AZURE_IMAGE_ID`` comes from its image job and ``DISABLECVM`` from the feature
gate: neither key is ever the program's, or an update would wipe the image and start unprotected machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from model import digests


@dataclass(frozen=True, kw_only=True)
class PeerPodsArgs:
    """``initdata`` is the encoded document of the profile that a pod without an annotation gets."""

    namespace: pulumi.Input[str]
    initdata: pulumi.Input[str]
    resource_group: pulumi.Input[str]
    region: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    nsg_id: pulumi.Input[str]
    vm_size: str
    vm_sizes: Sequence[str]
    limit_per_node: int
    root_volume_gb: int
    tags: Mapping[str, str]


class PeerPods(pulumi.ComponentResource):
    """Only the keys below are owned (server-side apply); what others write into the map stays. ``digest`` is that of these keys."""

    digest: pulumi.Output[str]

    def __init__(self, name: str, args: PeerPodsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:spoke:PeerPods", name, {}, opts)
        data: dict[str, pulumi.Input[str]] = {
            "CLOUD_PROVIDER": "azure",
            # Upstream's default, 4789, is the port of OpenShift's own overlay network.
            "VXLAN_PORT": "9000",
            "AZURE_RESOURCE_GROUP": args.resource_group,
            "AZURE_REGION": args.region,
            "AZURE_SUBNET_ID": args.subnet_id,
            "AZURE_NSG_ID": args.nsg_id,
            "AZURE_INSTANCE_SIZE": args.vm_size,
            "AZURE_INSTANCE_SIZES": ",".join(args.vm_sizes),
            "PEERPODS_LIMIT_PER_NODE": str(args.limit_per_node),
            "ROOT_VOLUME_SIZE": str(args.root_volume_gb),
            "PROXY_TIMEOUT": "5m",
            "INITDATA": args.initdata,
            # Machines that remain after a crash are found by these tags.
            "TAGS": ",".join(f"{key}={value}" for key, value in sorted(args.tags.items())),
        }
        k8s.core.v1.ConfigMap(
            f"{name}-cm",
            metadata={"name": "peer-pods-cm", "namespace": args.namespace},
            data=data,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.digest = pulumi.Output.json_dumps(data, sort_keys=True).apply(
            lambda text: digests.of_texts([text])
        )
        self.register_outputs({})
