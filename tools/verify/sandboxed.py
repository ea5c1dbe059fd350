"""The sandbox's clusters and its Azure, read as their files have them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from model.azure.ids import AzureId
from sandbox.azure import AzureStandIn
from sandbox.engine.providers import StandIns
from sandbox.openshift.clusters import StoreClusters
from sandbox.openshift.kinds import KINDS
from sandbox.openshift.objects import Ref
from sandbox.openshift.store import Cluster
from sandbox.provider import Refused
from tools.posture.deployment import Deployment, table
from tools.verify.live import ApiServer, Unreachable

_NONE: Final = "The sandbox in {home} has no cluster of {stack}: is it up, and with this engine?"


class StoredCluster:
    """One of the clusters of the embedded engine."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def where(self) -> str:
        return f"{self._cluster.identity.facts['api_url'].rstrip('/')} (in the sandbox)"

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        known = KINDS.get((api_version, kind))
        found = known and self._cluster.get(Ref(known, namespace if known.namespaced else "", name))
        return _without_content(found) if found else None

    def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
        known = KINDS.get((api_version, kind))
        return [_without_content(one) for one in self._cluster.objects.all(known, namespace)] if known else []


def cluster_of(stack: Deployment, home: Path) -> StoredCluster:
    """The cluster whose console the stack publishes. Raises Unreachable where the sandbox has none such."""
    clusters = StoreClusters(home)
    for name in clusters.names():
        if _is(stack, clusters.open(name).identity.facts):
            return StoredCluster(clusters.open(name))
    raise Unreachable(_NONE.format(home=home, stack=stack.stack))


def server_of(stack: Deployment, home: Path) -> ApiServer:
    """The same of the engine `pulumi`, whose clusters are real API servers. Raises Unreachable."""
    from sandbox.apiserver.clusters import ServerClusters

    clusters = ServerClusters(home)
    for name in clusters.names():
        facts = clusters.facts(name)
        if facts and _is(stack, facts):
            return ApiServer(clusters.kubeconfig(name))
    raise Unreachable(_NONE.format(home=home, stack=stack.stack))


def nat_gateway(home: Path, engine: str, subnet_id: str) -> str | None:
    """The id of the NAT gateway that the Azure of an engine has at a subnet. Raises Unreachable where there is no such subnet."""
    parsed = AzureId.parse(subnet_id)
    (_, network), (_, subnet) = parsed.names
    provider = _azure(home, engine).for_provider({"subscriptionId": parsed.subscription})
    try:
        found = provider.invoke(
            "azure-native:network:getSubnet",
            {"resourceGroupName": parsed.resource_group, "virtualNetworkName": network, "subnetName": subnet},
        )
    except Refused as refusal:
        raise Unreachable(str(refusal)) from refusal
    return table(found, "natGateway").get("id")


def _azure(home: Path, engine: str) -> AzureStandIn:
    if engine == "embedded":
        return StandIns(home).azure
    from sandbox.official.standins import Official

    return Official(home).azure


def _is(stack: Deployment, facts: Mapping[str, str]) -> bool:
    return facts["console_url"].rstrip("/") == str(stack.outputs.get("consoleUrl", "")).rstrip("/")


def _without_content(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    if manifest["kind"] != "Secret":
        return manifest
    return {key: value for key, value in manifest.items() if key not in ("data", "stringData")}
