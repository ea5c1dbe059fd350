"""An application that knows nothing of Trustee: it reads an environment variable and a file, both sealed secrets.

The Kubernetes Secret in the cluster holds a reference that anybody may read; the guest replaces it by the value after attestation.
"""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.scripts import script
from components.spoke.workload import ConfidentialWorkload, ConfidentialWorkloadArgs
from model.samples import WEB_IMAGE

NAMESPACE = "kbs-sealed"


@dataclass(frozen=True, kw_only=True)
class KbsSealedArgs:
    """``sealed`` is a sealed secret; ``initdata`` of a profile that may read the secret it refers to."""

    apps_domain: pulumi.Output[str]
    runtime_class: pulumi.Output[str]
    initdata: pulumi.Input[str]
    sealed: pulumi.Input[str]


class KbsSealed(pulumi.ComponentResource):
    """``url`` shows whether variable and file hold the same value, and how long it is: not the value."""

    url: pulumi.Output[str]

    def __init__(self, name: str, args: KbsSealedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:spoke:KbsSealed", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = k8s.core.v1.Namespace(f"{name}-namespace", metadata={"name": NAMESPACE}, opts=child)
        secret = k8s.core.v1.Secret(
            f"{name}-secret",
            metadata={"name": "sealed", "namespace": namespace.metadata["name"]},
            string_data={"password": args.sealed},
            opts=child,
        )
        # A value that is still sealed means that the guest did not unseal it: then the pod must not look healthy.
        serve = script("spoke/kbs_sealed.sh").strip()
        workload = ConfidentialWorkload(
            f"{name}-workload",
            ConfidentialWorkloadArgs(
                app="kbs-sealed",
                namespace=namespace.metadata["name"],
                host=pulumi.Output.format("kbs-sealed.{0}", args.apps_domain),
                image=WEB_IMAGE,
                command=["/bin/bash", "-c", serve],
                runtime_class=args.runtime_class,
                initdata=args.initdata,
                env=[
                    {
                        "name": "PASSWORD",
                        "value_from": {"secret_key_ref": {"name": "sealed", "key": "password"}},
                    }
                ],
                # The guest looks for sealed secrets in volumes below /sealed only.
                volume_mounts=[{"name": "sealed", "mount_path": "/sealed", "read_only": True}],
                volumes=[{"name": "sealed", "secret": {"secret_name": "sealed"}}],
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[secret]),
        )
        self.url = workload.url
        self.register_outputs({"url": self.url})
