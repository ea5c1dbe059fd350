"""A web workload that may be confidential: the two lines that make it so are its runtime class and its initdata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import custom_resource

INITDATA_ANNOTATION = "io.katacontainers.config.hypervisor.cc_init_data"
PORT = 8080
_UNPRIVILEGED: k8s.core.v1.SecurityContextArgsDict = {
    "allow_privilege_escalation": False,
    "run_as_non_root": True,
    "capabilities": {"drop": ["ALL"]},
    "seccomp_profile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True, kw_only=True)
class ConfidentialWorkloadArgs:
    """One container that serves HTTP on port 8080.

    ``runtime_class`` and ``initdata`` (encoded) go together; without both the pod is an ordinary one. ``init_containers``,
    ``env``, ``volume_mounts`` and ``volumes`` are as in a pod's specification, without security contexts: all get the strict one.
    """

    app: str
    namespace: pulumi.Input[str]
    host: pulumi.Input[str]
    image: str
    command: Sequence[str]
    runtime_class: pulumi.Input[str] | None = None
    initdata: pulumi.Input[str] | None = None
    volume_mounts: Sequence[k8s.core.v1.VolumeMountArgsDict] = ()
    volumes: Sequence[k8s.core.v1.VolumeArgsDict] = ()
    init_containers: Sequence[k8s.core.v1.ContainerArgsDict] = ()
    env: Sequence[k8s.core.v1.EnvVarArgsDict] = ()


class ConfidentialWorkload(pulumi.ComponentResource):
    """A Deployment, its Service and a Route; ``url`` answers when all are there.

    The route ends TLS at the router, which belongs to the cluster: what a workload answers through it is not confidential.
    """

    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: ConfidentialWorkloadArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:spoke:ConfidentialWorkload", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = {"app": args.app}
        k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata={"name": args.app, "namespace": args.namespace, "labels": labels},
            spec={
                "replicas": 1,
                "selector": {"match_labels": labels},
                # Each peer pod takes its own machine. During a roll-out there must never be two where the quota is for one.
                "strategy": {"type": "Recreate"},
                "template": {"metadata": _pod_metadata(args, labels), "spec": _pod(args)},
            },
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create="20m", update="20m")
            ),
        )
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata={"name": args.app, "namespace": args.namespace, "labels": labels},
            spec={"selector": labels, "ports": [{"name": "http", "port": PORT, "target_port": "http"}]},
            opts=child,
        )
        route = custom_resource(
            f"{name}-route",
            api_version="route.openshift.io/v1",
            kind="Route",
            object_name=args.app,
            namespace=args.namespace,
            spec={
                "host": args.host,
                "to": {"kind": "Service", "name": args.app, "weight": 100},
                "port": {"targetPort": "http"},
                "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"},
                "wildcardPolicy": "None",
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
        )
        self.url = pulumi.Output.all(args.host, route.id).apply(lambda parts: f"https://{parts[0]}")
        self.register_outputs({"url": self.url})


def _pod_metadata(
    args: ConfidentialWorkloadArgs, labels: Mapping[str, str]
) -> k8s.meta.v1.ObjectMetaArgsDict:
    metadata: k8s.meta.v1.ObjectMetaArgsDict = {"labels": labels}
    if args.initdata is not None:
        metadata["annotations"] = {INITDATA_ANNOTATION: args.initdata}
    return metadata


def _pod(args: ConfidentialWorkloadArgs) -> k8s.core.v1.PodSpecArgsDict:
    pod: k8s.core.v1.PodSpecArgsDict = {
        "automount_service_account_token": False,
        "init_containers": [
            {**container, "security_context": _UNPRIVILEGED} for container in args.init_containers
        ],
        "containers": [
            {
                "name": args.app,
                "image": args.image,
                "command": list(args.command),
                "env": list(args.env),
                "ports": [{"name": "http", "container_port": PORT}],
                "readiness_probe": {"tcp_socket": {"port": "http"}},
                "volume_mounts": list(args.volume_mounts),
                "resources": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"cpu": "500m", "memory": "256Mi"},
                },
                "security_context": _UNPRIVILEGED,
            }
        ],
        "volumes": list(args.volumes),
    }
    if args.runtime_class is not None:
        pod["runtime_class_name"] = args.runtime_class
    return pod
