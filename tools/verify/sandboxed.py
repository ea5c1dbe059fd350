"""The sandbox's clusters and its Azure, read as their files have them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from live.cluster import LiveCluster, Unreachable
from model.azure.ids import AzureId
from sandbox import api
from tools.posture.deployment import Deployment, table

_NONE: Final = "The sandbox in {home} has no cluster of {stack}: is it up, and with this engine?"


class SandboxCluster:
    """One of the clusters of the embedded engine."""

    def __init__(self, cluster: api.Cluster) -> None:
        self._cluster = cluster

    @property
    def where(self) -> str:
        return f"{self._cluster.facts['api_url'].rstrip('/')} (in the sandbox)"

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        found = self._cluster.get(kind, name, namespace, api_version=api_version)
        return _without_content(found) if found else None

    def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
        found = self._cluster.list(kind, namespace or None, api_version=api_version)
        return [_without_content(one) for one in found]


def cluster_of(stack: Deployment, home: Path) -> SandboxCluster:
    """The cluster whose console the stack publishes. Raises Unreachable where the sandbox has no such cluster."""
    for cluster in api.clusters(home).values():
        if _is(stack, cluster.facts):
            return SandboxCluster(cluster)
    raise Unreachable(_NONE.format(home=home, stack=stack.stack))


def server_of(stack: Deployment, home: Path) -> LiveCluster:
    """The same of the engine `pulumi`, whose clusters are real API servers. Raises Unreachable."""
    for server in api.servers(home).values():
        if _is(stack, server.facts):
            return LiveCluster(server.kubeconfig)
    raise Unreachable(_NONE.format(home=home, stack=stack.stack))


def nat_gateway(home: Path, engine: api.Engine, subnet_id: str) -> str | None:
    """The id of the NAT gateway that the Azure of an engine has at a subnet. Raises Unreachable where there is no such subnet."""
    parsed = AzureId.parse(subnet_id)
    (_, network), (_, subnet) = parsed.names
    try:
        found = api.Azure(home, engine).invoke(
            parsed.subscription,
            "azure-native:network:getSubnet",
            {"resourceGroupName": parsed.resource_group, "virtualNetworkName": network, "subnetName": subnet},
        )
    except api.Refused as refusal:
        raise Unreachable(str(refusal)) from refusal
    return table(found, "natGateway").get("id")


def _is(stack: Deployment, facts: Mapping[str, str]) -> bool:
    return facts["console_url"].rstrip("/") == str(stack.outputs.get("consoleUrl", "")).rstrip("/")


def _without_content(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    if manifest["kind"] != "Secret":
        return manifest
    return {key: value for key, value in manifest.items() if key not in ("data", "stringData")}
