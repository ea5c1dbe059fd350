"""A workload of a user's own on a spoke: its manifests as typed resources, so that a preview shows each field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from model.workloads.objects import FIRST

# Each asked for when it is used: an API group of the SDK that no manifest needs is not imported, which takes half a second.
_TYPED: Final[Mapping[tuple[str, str], Callable[[], Any]]] = {
    ("v1", "ConfigMap"): lambda: k8s.core.v1.ConfigMap,
    ("v1", "Namespace"): lambda: k8s.core.v1.Namespace,
    ("v1", "Pod"): lambda: k8s.core.v1.Pod,
    ("v1", "Secret"): lambda: k8s.core.v1.Secret,
    ("v1", "Service"): lambda: k8s.core.v1.Service,
    ("v1", "ServiceAccount"): lambda: k8s.core.v1.ServiceAccount,
    ("apps/v1", "Deployment"): lambda: k8s.apps.v1.Deployment,
    ("apps/v1", "StatefulSet"): lambda: k8s.apps.v1.StatefulSet,
    ("batch/v1", "CronJob"): lambda: k8s.batch.v1.CronJob,
    ("batch/v1", "Job"): lambda: k8s.batch.v1.Job,
    ("networking.k8s.io/v1", "Ingress"): lambda: k8s.networking.v1.Ingress,
    ("networking.k8s.io/v1", "NetworkPolicy"): lambda: k8s.networking.v1.NetworkPolicy,
}


@dataclass(frozen=True, kw_only=True)
class DeployedWorkloadArgs:
    """``objects``: manifests in the order in which they can be made; values in them may be outputs."""

    objects: Sequence[Mapping[str, Any]]
    apps_domain: pulumi.Output[str]


class DeployedWorkload(pulumi.ComponentResource):
    """``urls``: the address of each Route, by its name. It answers when the whole component is there.

    A route that ends TLS at the router belongs to the cluster: what is answered through it is not confidential.
    """

    urls: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: DeployedWorkloadArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:spoke:DeployedWorkload", name, {}, opts)
        self.urls = {}
        needed: list[pulumi.Resource] = []
        for manifest in args.objects:
            kind, metadata = manifest["kind"], manifest["metadata"]
            made = self._declare(f"{name}-{kind.lower()}-{metadata['name']}", manifest, needed)
            if kind in FIRST:
                needed.append(made)
            if kind == "Route":
                self.urls[metadata["name"]] = _url(manifest, made, args.apps_domain)
        self.register_outputs({"urls": self.urls})

    def _declare(
        self, name: str, manifest: Mapping[str, Any], after: Sequence[pulumi.Resource]
    ) -> pulumi.CustomResource:
        options = pulumi.ResourceOptions(
            parent=self,
            depends_on=list(after),
            # A peer pod is a machine that has to start and to attest.
            custom_timeouts=pulumi.CustomTimeouts(create="20m", update="20m"),
        )
        identity = (manifest["apiVersion"], manifest["kind"])
        if (typed := _TYPED.get(identity)) is None:
            return k8s.apiextensions.CustomResource(
                name,
                api_version=identity[0],
                kind=identity[1],
                metadata=manifest["metadata"],
                spec=manifest["spec"],
                opts=options,
            )
        rest = {_snake(key): value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
        return typed()(name, **rest, opts=options)


def _url(
    manifest: Mapping[str, Any], route: pulumi.CustomResource, apps_domain: pulumi.Output[str]
) -> pulumi.Output[str]:
    """The host as the route names it, or as OpenShift makes it: ``subdomain``, else ``<name>-<namespace>``, of its domain."""
    spec, metadata = manifest["spec"], manifest["metadata"]
    if "host" in spec:
        return route.id.apply(lambda _: f"https://{spec['host']}")
    label = spec.get("subdomain", f"{metadata['name']}-{metadata['namespace']}")
    return pulumi.Output.all(apps_domain, route.id).apply(lambda ready: f"https://{label}.{ready[0]}")


def _snake(key: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()
