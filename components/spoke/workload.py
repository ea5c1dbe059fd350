"""A Deployment from code that runs under a profile: the two lines that make it confidential are its runtime class and its initdata.

A profile pins neither image nor command. What reads a secret is a workload of ``coco:workloads`` instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import custom_resource
from model.workloads.pod_rules import INITDATA
from model.workloads.problems import WorkloadError
from model.workloads.profile_pod import profile_pod

PORT_NAME = "http"


@dataclass(frozen=True, kw_only=True)
class ConfidentialWorkloadArgs:
    """``pod`` is a core/v1 PodSpec with the keys of a manifest: any containers and init containers, pull secrets, service account,
    volumes, probes, resources. What it leaves out is filled in (`profile_pod`), and nothing that it says is changed. Values in it may be outputs,
    but for names, images and what else the rules look at.

    ``runtime_class`` and ``initdata`` (encoded) go together; without both the pod is an ordinary one. With ``host`` there is a
    Service and a Route to the container port that is named ``http``.
    """

    app: str
    namespace: pulumi.Input[str]
    pod: Mapping[str, Any]
    replicas: int = 1
    host: pulumi.Input[str] | None = None
    runtime_class: pulumi.Input[str] | None = None
    initdata: pulumi.Input[str] | None = None


class ConfidentialWorkload(pulumi.ComponentResource):
    """A Deployment, and with a host its Service and Route; ``url`` answers when all are there. RunError with all that is wrong with the pod.

    The route ends TLS at the router, which belongs to the cluster: what a workload answers through it is not confidential.
    """

    url: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: ConfidentialWorkloadArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        pod = _pod(name, args)
        super().__init__("coco:spoke:ConfidentialWorkload", name, {}, opts)
        labels = {"app": args.app}
        k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata={"name": args.app, "namespace": args.namespace, "labels": labels},
            spec=_deployment(args, pod),
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create="20m", update="20m")
            ),
        )
        self.url = None if args.host is None else self._publish(name, args, args.host)
        self.register_outputs({"url": self.url})

    def _publish(
        self, name: str, args: ConfidentialWorkloadArgs, host: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        labels = {"app": args.app}
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata={"name": args.app, "namespace": args.namespace, "labels": labels},
            spec={
                "selector": labels,
                "ports": [{"name": PORT_NAME, "port": _port(args), "target_port": PORT_NAME}],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        route = custom_resource(
            f"{name}-route",
            api_version="route.openshift.io/v1",
            kind="Route",
            object_name=args.app,
            namespace=args.namespace,
            spec={
                "host": host,
                "to": {"kind": "Service", "name": args.app, "weight": 100},
                "port": {"targetPort": PORT_NAME},
                "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"},
                "wildcardPolicy": "None",
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
        )
        return pulumi.Output.all(host, route.id).apply(lambda parts: f"https://{parts[0]}")


def _deployment(args: ConfidentialWorkloadArgs, pod: Mapping[str, Any]) -> Any:
    """The specification of the Deployment."""
    labels = {"app": args.app}
    metadata: dict[str, Any] = {"labels": labels}
    if args.initdata is not None:
        metadata["annotations"] = {INITDATA: args.initdata}
    return {
        "replicas": args.replicas,
        "selector": {"matchLabels": labels},
        # Each peer pod takes its own machine. During a roll-out there must never be two where the quota is for one.
        "strategy": {"type": "Recreate"},
        "template": {"metadata": metadata, "spec": pod},
    }


def _pod(name: str, args: ConfidentialWorkloadArgs) -> dict[str, Any]:
    """The pod's specification. RunError where it cannot run as it is written."""
    problems: list[str] = []
    if (args.runtime_class is None) != (args.initdata is None):
        problems.append(
            "runtime_class and initdata must be given together: give both, or none for an ordinary pod"
        )
    try:
        pod = profile_pod(name, args.pod, _known)
    except WorkloadError as error:
        pod = {}
        problems += [str(problem) for problem in error.problems]
    if args.host is not None and pod and _port(args) is None:
        problems.append(
            f"{name}: spec.containers: must have a port named {PORT_NAME}, which the Service and the Route lead to: name one, or"
            " give no host"
        )
    if problems:
        raise pulumi.RunError(
            "this pod cannot run as it is written:\n" + "\n".join(f"  {problem}" for problem in problems)
        )
    return pod if args.runtime_class is None else {**pod, "runtimeClassName": args.runtime_class}


def _port(args: ConfidentialWorkloadArgs) -> Any:
    """The number of the port that is named ``http``; None where there is none."""
    ports = (port for container in args.pod["containers"] for port in container.get("ports", ()))
    return next((port["containerPort"] for port in ports if port.get("name") == PORT_NAME), None)


def _known(value: Any) -> Any:
    """What is judged in the place of an output: some text."""
    return "known-later" if isinstance(value, pulumi.Output) else value
