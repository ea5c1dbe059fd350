"""A pod that cannot start before Trustee has released a secret to it, and then shows that secret.

It is a demonstration: a secret worth keeping is used inside the pod and never shown.
"""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.spoke.workload import ConfidentialWorkload, ConfidentialWorkloadArgs
from model.samples import WEB_IMAGE

NAMESPACE = "kbs-access"
# The confidential data hub answers inside the guest only; it attests to Trustee on each request.
IN_GUEST = "http://127.0.0.1:8006/cdh/resource"


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
        # --fail: without it curl writes the refusal into the file and the pod starts all the same.
        fetch = f"curl --fail --silent --show-error --retry 5 --output /output/index.html {IN_GUEST}/{args.resource}"
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
