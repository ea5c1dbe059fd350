"""The initdata of a hub's profiles and workloads, for those who deploy pods on the spoke by other means than this program."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s


@dataclass(frozen=True, kw_only=True)
class ProfileCatalogArgs:
    """By the name of a profile or workload: ``initdata``, encoded, and ``pcr8``."""

    namespace: pulumi.Input[str]
    runtime_class: pulumi.Input[str]
    initdata: Mapping[str, pulumi.Output[str]]
    pcr8: Mapping[str, pulumi.Output[str]]


class ProfileCatalog(pulumi.ComponentResource):
    """A ConfigMap ``coco-profiles`` with the keys ``runtimeClass``, ``<name>.initdata`` and ``<name>.pcr8``.

    What is in it is public. Whoever changes it changes nothing: a pod with another initdata has another PCR8.
    """

    def __init__(
        self, name: str, args: ProfileCatalogArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:spoke:ProfileCatalog", name, {}, opts)
        data: dict[str, pulumi.Input[str]] = {"runtimeClass": args.runtime_class}
        data |= {f"{document}.initdata": encoded for document, encoded in args.initdata.items()}
        data |= {f"{document}.pcr8": pcr8 for document, pcr8 in args.pcr8.items()}
        k8s.core.v1.ConfigMap(
            f"{name}-config-map",
            metadata={"name": "coco-profiles", "namespace": args.namespace},
            data=data,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
