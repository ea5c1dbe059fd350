"""A pod that cannot start before Trustee has released a secret to it, and then shows that secret.

It is a demonstration: a secret worth keeping is used inside the pod and never shown.
"""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.scripts import script
from components.spoke.workload import ConfidentialWorkload, ConfidentialWorkloadArgs
from model.samples import WEB_IMAGE

NAMESPACE = "kbs-access"


@dataclass(frozen=True, kw_only=True)
class KbsAccessArgs:
    """``resource`` is ``default/<secret>/<key>``; ``initdata`` must be of a profile that may read it."""

    apps_domain: pulumi.Output[str]
    runtime_class: pulumi.Output[str]
    initdata: pulumi.Input[str]
    resource: str


class KbsAccess(pulumi.ComponentResource):
    """``url`` shows the secret, and proves the whole chain by doing so."""

    url: pulumi.Output[str]

    def __init__(self, name: str, args: KbsAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:spoke:KbsAccess", name, {}, opts)
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace", metadata={"name": NAMESPACE}, opts=pulumi.ResourceOptions(parent=self)
        )
        # The confidential data hub answers inside the guest only; it attests to Trustee on each request. Without --fail curl
        # would write the refusal into the file, and the pod would start all the same.
        fetch = script("spoke/kbs_access.sh", resource=args.resource).strip()
        workload = ConfidentialWorkload(
            f"{name}-workload",
            ConfidentialWorkloadArgs(
                app="kbs-access",
                namespace=namespace.metadata["name"],
                host=pulumi.Output.format("kbs-access.{0}", args.apps_domain),
                image=WEB_IMAGE,
                command=["run-httpd"],
                runtime_class=args.runtime_class,
                initdata=args.initdata,
                init_containers=[
                    {
                        "name": "fetch-secret",
                        "image": WEB_IMAGE,
                        "command": ["/bin/bash", "-c", fetch],
                        "volume_mounts": [{"name": "page", "mount_path": "/output"}],
                    }
                ],
                volume_mounts=[{"name": "page", "mount_path": "/var/www/html", "read_only": True}],
                volumes=[{"name": "page", "empty_dir": {"medium": "Memory"}}],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.url = workload.url
        self.register_outputs({"url": self.url})
