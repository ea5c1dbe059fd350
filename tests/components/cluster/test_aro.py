"""Invariants of AroCluster: what the ARO resource provider insists on, and what must stay secret."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.cluster.aro import AroCluster, AroClusterArgs, ServicePrincipalArgs
from components.cluster.shape import ClusterNetworkArgs, NodeArgs
from tests.answers import APPS_DOMAIN, SUBSCRIPTION
from tests.harness import UNKNOWN, Graph, Secret, deploy

VNET = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"

NETWORK = ClusterNetworkArgs(
    visibility="Private",
    pod_cidr="10.128.0.0/14",
    service_cidr="172.30.0.0/16",
    vnet_id=VNET,
    control_plane_subnet_id=f"{VNET}/subnets/control-plane",
    worker_subnet_id=f"{VNET}/subnets/workers",
    peer_pod_nsg_id="/nsg",
)


def _cluster(*, preview: bool = False, **changes: Any) -> Graph:
    def program() -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "cluster_name": "coco-x",
            "resource_group_name": "coco-x",
            "managed_resource_group": "coco-X_managed",
            "subscription_id": SUBSCRIPTION,
            "location": "eastus2",
            "domain": "example",
            "version": "4.20.15",
            "nodes": NodeArgs(
                control_plane_vm_size="Standard_D8s_v5",
                worker_vm_size="Standard_D4s_v5",
                worker_count=3,
                worker_disk_gb=128,
            ),
            "network": NETWORK,
            "identity": ServicePrincipalArgs(
                client_id="client",
                object_id="client-object",
                client_secret=pulumi.Output.secret("canary-client-secret"),
                resource_provider_object_id="rp-object",
            ),
            "pull_secret": pulumi.Output.secret("canary-pull-secret"),
            "protect": True,
            "tags": {"environment": "test"},
        }
        access = AroCluster("cluster", AroClusterArgs(**(arguments | changes))).access
        return {"kubeconfig": access.kubeconfig, "apps": access.apps_domain, "console": access.console_url}

    return deploy(program, preview=preview)


def test_every_property_that_the_resource_provider_insists_on_is_sent() -> None:
    aro = _cluster()["cluster-aro"].inputs
    cluster_profile = aro["clusterProfile"]
    cluster_profile = cluster_profile.value if isinstance(cluster_profile, Secret) else cluster_profile
    assert cluster_profile["fipsValidatedModules"] == "Disabled"
    assert cluster_profile["version"] == "4.20.15"
    assert aro["masterProfile"]["encryptionAtHost"] == "Disabled"
    assert [(w["name"], w["encryptionAtHost"], w["count"]) for w in aro["workerProfiles"]] == [
        ("worker", "Disabled", 3)
    ]
    assert aro["ingressProfiles"] == [{"name": "default", "visibility": "Private"}]
    assert aro["apiserverProfile"] == {"visibility": "Private"}
    assert aro["networkProfile"]["outboundType"] == "Loadbalancer"
    assert "provisioningState" not in aro


def test_the_managed_group_is_named_in_lower_case() -> None:
    profile = _cluster()["cluster-aro"].inputs["clusterProfile"]
    assert (profile.value if isinstance(profile, Secret) else profile)["resourceGroupId"] == (
        f"/subscriptions/{SUBSCRIPTION}/resourcegroups/coco-x_managed"
    )


def test_pull_secret_and_client_secret_reach_azure_as_secrets_only() -> None:
    graph = _cluster()
    aro = graph["cluster-aro"]
    assert aro.inputs["clusterProfile"]["pullSecret"] == Secret("canary-pull-secret")
    assert aro.inputs["servicePrincipalProfile"]["clientSecret"] == Secret("canary-client-secret")
    assert set(aro.secret_outputs) >= {"clusterProfile", "servicePrincipalProfile"}


def test_the_kubeconfig_is_decoded_and_secret() -> None:
    graph = _cluster()
    assert graph.exports["kubeconfig"] == Secret("apiVersion: v1\nkind: Config\n")
    assert graph["cluster-kubernetes"].inputs["kubeconfig"] == Secret("apiVersion: v1\nkind: Config\n")


def test_every_network_right_exists_before_the_cluster_and_outlives_it() -> None:
    graph = _cluster()
    rights = graph.of_type("azure-native:authorization:RoleAssignment")
    assert {(r.inputs["principalId"], r.inputs["scope"]) for r in rights} == {
        ("client-object", VNET),
        ("rp-object", VNET),
        ("client-object", "/nsg"),
        ("client-object", f"/subscriptions/{SUBSCRIPTION}"),
    }
    assert {r.name for r in rights} <= graph["cluster-aro"].depends_on


def test_where_peer_pods_run_the_cluster_may_list_vm_sizes_and_nothing_else_of_the_subscription() -> None:
    graph = _cluster()
    (role,) = graph.of_type("azure-native:authorization:RoleDefinition")
    assert role.inputs["permissions"] == [{"actions": ["Microsoft.Compute/locations/vmSizes/read"]}]
    assert role.inputs["assignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]
    given = graph["cluster-cluster-sizes"]
    assert given.inputs["roleDefinitionId"].endswith(f"/{role.inputs['roleDefinitionId']}")
    assert "cluster-role-sizes" in given.uses["scope"], "a role cannot be given before it exists"


@pytest.mark.parametrize("group", [None, "/nodes-nsg"])
def test_a_group_that_is_on_the_subnets_already_is_said_and_may_be_joined(group: str | None) -> None:
    """ARO refuses a group that it is not told of, and one that it may not join."""
    network = replace(NETWORK, node_nsg_id=group)
    graph = _cluster(network=network)
    profile = graph["cluster-aro"].inputs["networkProfile"]
    assert profile["preconfiguredNSG"] == ("Enabled" if group else "Disabled")
    on_it = [
        one
        for one in graph.of_type("azure-native:authorization:RoleAssignment")
        if one.inputs["scope"] == "/nodes-nsg"
    ]
    assert {one.inputs["principalId"] for one in on_it} == (
        {"client-object", "rp-object"} if group else set()
    )
    assert {one.name for one in on_it} <= graph["cluster-aro"].depends_on


def test_a_hub_runs_no_peer_pods_and_its_cluster_sees_nothing_of_the_subscription() -> None:
    ranges = ClusterNetworkArgs(
        visibility="Public",
        pod_cidr="10.128.0.0/14",
        service_cidr="172.30.0.0/16",
        vnet_id=VNET,
        control_plane_subnet_id=f"{VNET}/subnets/control-plane",
        worker_subnet_id=f"{VNET}/subnets/workers",
        peer_pod_nsg_id=None,
    )
    graph = _cluster(network=ranges)
    assert not graph.of_type("azure-native:authorization:RoleDefinition")
    scopes = {r.inputs["scope"] for r in graph.of_type("azure-native:authorization:RoleAssignment")}
    assert scopes == {VNET}


def test_a_grant_keeps_its_name_and_says_what_its_principal_is() -> None:
    first, second = (
        {r.name: r.inputs for r in _cluster().of_type("azure-native:authorization:RoleAssignment")}
        for _ in range(2)
    )
    assert first == second
    assert len({inputs["roleAssignmentName"] for inputs in first.values()}) == len(first)
    assert {inputs["principalType"] for inputs in first.values()} == {"ServicePrincipal"}


@pytest.mark.parametrize("protect", [True, False])
def test_the_cluster_is_protected_as_the_stack_says(protect: bool) -> None:
    graph = _cluster(protect=protect)
    assert graph["cluster-aro"].protect is protect
    assert not any(r.protect for r in graph.values() if r.name != "cluster-aro")


def test_nothing_of_kubernetes_is_known_before_the_cluster_exists() -> None:
    graph = _cluster(preview=True)
    assert graph["cluster-kubernetes"].inputs["kubeconfig"] in (UNKNOWN, Secret(UNKNOWN))
    assert graph.exports["apps"] == UNKNOWN


def test_the_provider_keeps_what_operators_write_and_survives_a_new_kubeconfig() -> None:
    provider = _cluster()["cluster-kubernetes"].inputs
    assert provider["clusterIdentifier"] == "coco-x"
    assert {
        provider[key] for key in ("enableServerSideApply", "enableConfigMapMutable", "enableSecretMutable")
    } <= {True, "true"}


def test_the_apps_domain_is_the_clusters_own() -> None:
    graph = _cluster()
    assert graph.exports["apps"] == APPS_DOMAIN
    assert graph.exports["console"] == f"https://console-openshift-console.{APPS_DOMAIN}"
    assert graph["cluster-ingress"].provider == "cluster-kubernetes"


def test_creating_the_cluster_may_take_two_hours() -> None:
    assert _cluster()["cluster-aro"].timeouts == ("2h", "2h", "2h")
