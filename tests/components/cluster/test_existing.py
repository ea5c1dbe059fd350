"""Invariants of ExistingCluster."""

from typing import Any

import pulumi
import pytest

from components.cluster.existing import ExistingCluster, ExistingClusterArgs, with_outbound_path
from tests.answers import APPS_DOMAIN, SUBSCRIPTION
from tests.harness import Secret, deploy

KUBECONFIG = "apiVersion: v1\nkind: Config\ncurrent-context: canary\n"


def _program(*, runs_peer_pods: bool) -> Any:
    def program() -> dict[str, Any]:
        cluster = ExistingCluster(
            "cluster",
            ExistingClusterArgs(
                cluster_name="lab", kubeconfig=pulumi.Output.secret(KUBECONFIG), runs_peer_pods=runs_peer_pods
            ),
        )
        azure = cluster.access.azure
        return {
            "apps": cluster.access.apps_domain,
            "api": cluster.access.api_url,
            "nsg": azure and azure.nsg_id,
            "group": azure and azure.resource_group,
            "subnet": cluster.peer_pod_subnet_id,
            "kubeconfig": cluster.access.kubeconfig,
        }

    return program


def test_azure_ids_come_from_the_clusters_own_cloud_configuration() -> None:
    exports = deploy(_program(runs_peer_pods=True)).exports
    network = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/network/providers/Microsoft.Network"
    assert exports["group"] == "machines"
    assert exports["subnet"] == f"{network}/virtualNetworks/vnet/subnets/workers", (
        "the VNet's group, not the machines'"
    )
    assert exports["nsg"] == network.replace("/network/", "/machines/") + "/networkSecurityGroups/nsg"
    assert (exports["apps"], exports["api"]) == (APPS_DOMAIN, "https://api.example:6443")


def test_the_given_kubeconfig_stays_secret() -> None:
    graph = deploy(_program(runs_peer_pods=False))
    assert graph["cluster-kubernetes"].inputs["kubeconfig"] == Secret(KUBECONFIG)
    assert graph.exports["kubeconfig"] == Secret(KUBECONFIG)


def test_nothing_of_an_existing_cluster_is_created_or_changed() -> None:
    graph = deploy(_program(runs_peer_pods=True))
    made = {r.name for r in graph.values() if not r.read} - {"cluster", "cluster-kubernetes"}
    assert made == set()


def test_a_cluster_without_peer_pods_may_be_anywhere() -> None:
    graph = deploy(_program(runs_peer_pods=False))
    assert not [r.name for r in graph.values() if "cloud-conf" in r.name or "azure" in r.type]
    assert graph.exports["apps"] == APPS_DOMAIN


def test_a_worker_subnet_without_an_outbound_path_is_refused() -> None:
    without = {"azure-native:network:getSubnet": {"name": "workers"}}
    with pytest.raises(
        Exception, match=r"subnets/workers has neither a NAT gateway nor a route table.*Attach"
    ):
        deploy(_program(runs_peer_pods=True), invokes=without)


def test_a_subnet_with_an_outbound_path_is_taken_as_it_is() -> None:
    assert with_outbound_path("/subnet", {"id": "/nat"}) == "/subnet"


def test_a_route_table_is_an_outbound_path_too() -> None:
    routed = {"azure-native:network:getSubnet": {"name": "workers", "routeTable": {"id": "/routes"}}}
    graph = deploy(_program(runs_peer_pods=True), invokes=routed)
    assert "cluster" in graph
