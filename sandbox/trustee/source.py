"""What a stack of the sandbox gives its Trustee: documents as the stack's state has them, Secrets as they are on the cluster.

The state holds what the program renders. It does not hold the key pairs, which cert-manager makes on the cluster, nor what
another operator writes into a served Secret.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.engine.errors import SandboxError
from sandbox.engine.stackfile import StackFile
from sandbox.engine.state import StateResource
from sandbox.engine.values import plain
from sandbox.engine.workspace import Workspace
from sandbox.openshift.kinds import SECRET
from sandbox.openshift.objects import Manifest
from sandbox.provider import Refused
from sandbox.shapes import map_in
from sandbox.trustee.mounts import TrusteeDeployment

_KBS_CONFIG = "kubernetes:confidentialcontainers.org/v1alpha1:KbsConfig"
_CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


@dataclass(frozen=True, kw_only=True)
class DeployedTrustee:
    """`host` and `ca` (PEM) are what the stack publishes, so what guests know of it; `paths` are those that it serves."""

    deployment: TrusteeDeployment
    url: str
    ca: str
    paths: list[str]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


def of_stack(workspace: Workspace, stack: str) -> DeployedTrustee:
    """Raises SandboxError when the stack has no Trustee or is not up."""
    StackFile.of(workspace.project, stack)
    resources = {resource.urn: resource for resource in workspace.resources(stack) if not resource.delete}
    if not resources:
        raise SandboxError(f"the stack {stack} is not up: make up STACK={stack}")
    kbs = next((resource for resource in resources.values() if resource.type == _KBS_CONFIG), None)
    if kbs is None:
        raise SandboxError(f"the stack {stack} runs no Trustee: name a hub or a standalone stack")
    namespace = kbs.inputs["metadata"]["namespace"]
    config_maps = {
        name: plain(resource.inputs["data"])
        for resource in resources.values()
        if resource.type == _CONFIG_MAP
        and not resource.external
        and (name := _name(resource, namespace)) is not None
    }
    try:
        cluster = workspace.stand_ins.clusters.connect(
            plain(resources[kbs.provider_urn].inputs["kubeconfig"])
        )
    except Refused as refused:
        raise SandboxError(f"the cluster of {stack}: {refused.message}") from None
    outputs = plain(workspace.outputs(stack))
    if not outputs.get("kbsUrl"):
        raise SandboxError(f"the last update of {stack} did not finish: make up STACK={stack}")
    return DeployedTrustee(
        deployment=TrusteeDeployment(
            spec=plain(kbs.inputs["spec"]),
            config_maps=config_maps,
            secrets={
                secret["metadata"]["name"]: _data(secret) for secret in cluster.objects.all(SECRET, namespace)
            },
        ),
        url=outputs["kbsUrl"],
        ca=outputs["kbsCa"],
        paths=sorted(outputs["resources"]),
    )


def _name(resource: StateResource, namespace: str) -> str | None:
    metadata = resource.inputs["metadata"]
    return metadata["name"] if metadata.get("namespace") == namespace else None


def _data(secret: Manifest) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in map_in(secret, "data").items()}
