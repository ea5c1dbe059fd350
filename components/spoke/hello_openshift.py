"""The web server of the workload hello-openshift twice more, to compare: an ordinary pod, and a confidential one with debug access.

``standard`` is an ordinary pod. ``debug`` is confidential, but its profile lets an administrator exec into it and read its logs.
The workload refuses both, and any other image or command.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.scripts import script
from components.spoke.workload import PORT_NAME, ConfidentialWorkload, ConfidentialWorkloadArgs
from model.samples import WEB_IMAGE

NAMESPACE = "hello-samples"


@dataclass(frozen=True, kw_only=True)
class HelloOpenShiftArgs:
    """``debug_initdata`` is the encoded document of the hub's profile debug."""

    apps_domain: pulumi.Output[str]
    runtime_class: pulumi.Output[str]
    debug_initdata: pulumi.Input[str]


class HelloOpenShift(pulumi.ComponentResource):
    """``urls`` by variant."""

    urls: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: HelloOpenShiftArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:spoke:HelloOpenShift", name, {}, opts)
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace", metadata={"name": NAMESPACE}, opts=pulumi.ResourceOptions(parent=self)
        )
        confidential = {"debug": args.debug_initdata}
        self.urls = {}
        for variant in ("standard", *confidential):
            workload = ConfidentialWorkload(
                f"{name}-{variant}",
                ConfidentialWorkloadArgs(
                    app=f"hello-{variant}",
                    namespace=namespace.metadata["name"],
                    host=pulumi.Output.format("hello-{0}.{1}", variant, args.apps_domain),
                    pod=_pod(variant),
                    runtime_class=args.runtime_class if variant in confidential else None,
                    initdata=confidential.get(variant),
                ),
                pulumi.ResourceOptions(parent=self),
            )
            assert workload.url is not None, "a host is given"
            self.urls[variant] = workload.url
        self.register_outputs({"urls": self.urls})


def _pod(variant: str) -> dict[str, Any]:
    return {
        "containers": [
            {
                "name": f"hello-{variant}",
                "image": WEB_IMAGE,
                "command": ["/bin/bash", "-c", script("spoke/hello_openshift.sh", variant=variant).strip()],
                "ports": [{"name": PORT_NAME, "containerPort": 8080}],
                "readinessProbe": {"tcpSocket": {"port": PORT_NAME}},
                "resources": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"cpu": "500m", "memory": "256Mi"},
                },
            }
        ]
    }
