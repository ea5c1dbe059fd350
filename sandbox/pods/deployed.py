"""The confidential pods of a stack that is up in the sandbox, as its cluster has them, and the hub whose KBS they ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.engine.errors import SandboxError
from sandbox.engine.stackfile import StackFile
from sandbox.engine.values import plain
from sandbox.engine.workspace import Workspace
from sandbox.guest.node import Node
from sandbox.openshift.kinds import POD
from sandbox.openshift.objects import Manifest, Objects
from sandbox.openshift.reactions.guest import node_of
from sandbox.openshift.reactions.peer_pods import SETTINGS
from sandbox.openshift.reactions.pods import initdata_of, is_confidential
from sandbox.provider import Refused
from sandbox.shapes import list_in, map_in


@dataclass(frozen=True, kw_only=True)
class DeployedPod:
    """``encoded``: its own initdata, or the default of the cluster. ``port``: the first that a container names, 0 where none does."""

    name: str
    pod: dict[str, Any]
    node: Node
    encoded: str
    port: int


def hub_of(workspace: Workspace, stack: str) -> str:
    """The stack whose KBS serves the pods of `stack`, itself where it is a standalone one. Raises SandboxError."""
    file = StackFile.of(workspace.project, stack)
    return str(file.values.get(f"{workspace.project.name}:hub", stack)).rpartition("/")[2]


def pods_of(workspace: Workspace, stack: str) -> list[DeployedPod]:
    """Raises SandboxError where the stack is not up, or is no spoke."""
    settings = next(
        (
            one
            for one in workspace.resources(stack)
            if not one.delete
            and one.type == "kubernetes:core/v1:ConfigMap"
            and map_in(one.inputs, "metadata").get("name") == SETTINGS
        ),
        None,
    )
    if settings is None:
        raise SandboxError(f"the stack {stack} runs no peer pods here: name a spoke that is up (make up)")
    provider = next(one for one in workspace.resources(stack) if one.urn == settings.provider_urn)
    try:
        cluster = workspace.stand_ins.clusters.connect(plain(provider.inputs["kubeconfig"]))
    except Refused as refused:
        raise SandboxError(f"the cluster of {stack}: {refused.message}") from None
    return [described(cluster.objects, pod) for pod in cluster.objects.all(POD) if is_confidential(pod)]


def described(objects: Objects, pod: Manifest) -> DeployedPod:
    """As its node is told of it."""
    metadata = pod["metadata"]
    return DeployedPod(
        name=f"{metadata['namespace']}/{metadata['name']}",
        pod={"metadata": metadata, "spec": pod["spec"]},
        node=node_of(objects, pod),
        encoded=initdata_of(objects, pod),
        port=_port(pod["spec"]),
    )


def _port(spec: dict[str, Any]) -> int:
    named = (port for one in spec["containers"] for port in list_in(one, "ports"))
    return next((int(port["containerPort"]) for port in named), 0)
