"""What a hub gives its Trustee: documents and Secrets as its cluster has them, where the Trustee operator reads them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.engine.errors import SandboxError
from sandbox.engine.stackfile import StackFile
from sandbox.engine.values import plain
from sandbox.engine.workspace import Workspace
from sandbox.openshift.kinds import CONFIG_MAP, KBS_CONFIG, SECRET
from sandbox.openshift.objects import Manifest, Objects
from sandbox.provider import Refused
from sandbox.shapes import map_in
from sandbox.trustee.mounts import TrusteeDeployment

_KBS_RESOURCE = "kubernetes:confidentialcontainers.org/v1alpha1:KbsConfig"


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
    kbs = next((resource for resource in resources.values() if resource.type == _KBS_RESOURCE), None)
    if kbs is None:
        raise SandboxError(f"the stack {stack} runs no Trustee: name a hub or a standalone stack")
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
        deployment=deployment_in(cluster.objects, kbs.inputs["metadata"]["namespace"]),
        url=outputs["kbsUrl"],
        ca=outputs["kbsCa"],
        paths=sorted(outputs["resources"]),
    )


def deployment_in(objects: Objects, namespace: str) -> TrusteeDeployment:
    """What the operator finds in the namespace of a Trustee. Raises StopIteration where no KbsConfig is there."""
    return TrusteeDeployment(
        spec=next(iter(objects.all(KBS_CONFIG, namespace)))["spec"],
        config_maps={
            one["metadata"]["name"]: map_in(one, "data") for one in objects.all(CONFIG_MAP, namespace)
        },
        secrets={one["metadata"]["name"]: _data(one) for one in objects.all(SECRET, namespace)},
    )


def _data(secret: Manifest) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in map_in(secret, "data").items()}
