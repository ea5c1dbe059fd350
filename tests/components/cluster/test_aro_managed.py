"""Invariants of a cluster with managed identities: the body that Azure gets, the roles before it, and what peer pods may do."""

import json
from functools import cache
from typing import Any

import pulumi
import pytest
from azure.mgmt.redhatopenshift import models

from components.cluster.aro_managed import ManagedAroCluster, ManagedAroClusterArgs
from components.cluster.peer_pod_identity import PeerPodIdentity, PeerPodIdentityArgs
from components.cluster.shape import ClusterNetworkArgs, NodeArgs
from components.cluster.workload_identities import WorkloadIdentities, WorkloadIdentitiesArgs
from model.azure.workload_identities import FEDERATED_CREDENTIAL, NETWORK_CONTRIBUTOR, OPERATORS, Scope
from tests.answers import SUBSCRIPTION
from tests.harness import UNKNOWN, Graph, Secret, deploy

VNET = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
ISSUER = "https://oic.aro.azure.com/tenant/issuer"
SCOPES: dict[Scope, pulumi.Input[str]] = {
    Scope.VNET: VNET,
    Scope.CONTROL_PLANE: f"{VNET}/subnets/control-plane",
    Scope.WORKERS: f"{VNET}/subnets/workers",
}


@cache
def _zone() -> Graph:
    """The usual one; not to be changed."""
    return _declared()


def _declared(
    *,
    preview: bool = False,
    scopes: dict[Scope, pulumi.Input[str]] = SCOPES,
    disks: str | None = None,
    group: str | None = None,
) -> Graph:
    def program() -> dict[str, Any]:
        identities = WorkloadIdentities(
            "identities",
            WorkloadIdentitiesArgs(
                name_prefix="coco-x",
                resource_group_name="coco-x",
                location="eastus2",
                subscription_id=SUBSCRIPTION,
                resource_provider_object_id="rp-object",
                scopes=scopes,
                tags={"environment": "test"},
            ),
        )
        cluster = ManagedAroCluster(
            "cluster",
            ManagedAroClusterArgs(
                cluster_name="coco-x",
                resource_group_name="coco-x",
                managed_resource_group="coco-X_managed",
                subscription_id=SUBSCRIPTION,
                location="eastus2",
                domain="example",
                version="4.20.15",
                nodes=NodeArgs(
                    control_plane_vm_size="Standard_D8s_v5",
                    worker_vm_size="Standard_D4s_v5",
                    worker_count=3,
                    worker_disk_gb=128,
                    disk_encryption_set_id=disks,
                ),
                network=ClusterNetworkArgs(
                    visibility="Private",
                    pod_cidr="10.128.0.0/14",
                    service_cidr="172.30.0.0/16",
                    vnet_id=VNET,
                    control_plane_subnet_id=f"{VNET}/subnets/control-plane",
                    worker_subnet_id=f"{VNET}/subnets/workers",
                    peer_pod_nsg_id=None,
                    node_nsg_id=group,
                ),
                cluster_identity_id=identities.cluster_identity_id,
                operator_identity_ids=identities.operator_identity_ids,
                pull_secret=pulumi.Output.secret("canary-pull-secret"),
                protect=True,
                tags={"environment": "test"},
            ),
            pulumi.ResourceOptions(depends_on=[identities]),
        )
        peer_pods = PeerPodIdentity(
            "peer-pods",
            PeerPodIdentityArgs(
                stack="x",
                name_prefix="coco-x",
                resource_group_name="coco-x",
                machines_group="coco-x_peer-pods",
                location="eastus2",
                subscription_id=SUBSCRIPTION,
                issuer=cluster.oidc_issuer,
                subnet_id=f"{VNET}/subnets/peer-pods",
                nsg_id="/nsg",
                tags={"environment": "test"},
            ),
        )
        return {
            "kubeconfig": cluster.access.kubeconfig,
            "api": cluster.access.api_url,
            "issuer": cluster.oidc_issuer,
            "client": peer_pods.client_id,
            "group": peer_pods.machines_group,
        }

    return deploy(program, preview=preview)


def _plain(value: Any) -> Any:
    """A value without its secret marks."""
    if isinstance(value, Secret):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [json.dumps(value)]


def _read(model: Any) -> list[str]:
    """The values that a model of Azure's SDK gives by its attributes: a key that it does not know is not among them."""
    if isinstance(model, list):
        return [leaf for each in model for leaf in _read(each)]
    if isinstance(model, dict):
        return [leaf for each in model.values() for leaf in _read(each)]
    if not hasattr(type(model), "as_dict"):
        return _leaves(model)
    names = {name for kind in type(model).__mro__ for name in vars(kind).get("__annotations__", {})}
    values = [getattr(model, name) for name in names if not name.startswith("_")]
    return [leaf for each in values if each is not None for leaf in _read(each)]


@pytest.mark.parametrize("more", [{}, {"disks": "/keys", "group": "/nodes-nsg"}])
def test_every_key_of_the_body_is_one_that_the_models_of_azures_own_sdk_know(more: dict[str, Any]) -> None:
    inputs = _plain(_declared(**more)["cluster-aro"].inputs)
    body = {"location": inputs["location"], "tags": inputs["tags"], "properties": inputs["properties"]}
    assert sorted(_read(models.OpenShiftCluster(body))) == sorted(_leaves(body))


def test_a_misspelt_key_of_the_body_would_be_noticed() -> None:
    body = {"location": "eastus2", "properties": {"clusterProfile": {"domian": "example"}}}
    assert sorted(_read(models.OpenShiftCluster(body))) != sorted(_leaves(body))


def test_the_api_version_is_one_with_identities_and_the_type_is_aro() -> None:
    inputs = _zone()["cluster-aro"].inputs
    assert inputs["apiVersion"] == "2025-07-25"
    assert (
        f"{inputs['resourceProviderNamespace']}/{inputs['resourceType']}"
        == "Microsoft.RedHatOpenShift/openShiftClusters"
    )
    assert inputs["parentResourcePath"] == ""


def test_secrets_inside_the_general_body_stay_secret() -> None:
    graph = _zone()
    cluster = graph["cluster-aro"]
    assert "canary-pull-secret" not in json.dumps(_visible(cluster.inputs))
    assert _plain(cluster.inputs)["properties"]["clusterProfile"]["pullSecret"] == "canary-pull-secret"
    assert "properties" in cluster.secret_outputs
    assert isinstance(graph.exports["kubeconfig"], Secret)


def _visible(value: Any) -> Any:
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, dict):
        return {key: _visible(each) for key, each in value.items()}
    return [_visible(each) for each in value] if isinstance(value, list) else value


def test_what_is_read_of_the_cluster_is_not_secret_but_its_kubeconfig_is() -> None:
    exports = _zone().exports
    assert exports["issuer"] == ISSUER
    assert exports["api"] == "https://api.example.eastus2.aroapp.io:6443/"


def test_all_identities_and_roles_exist_before_the_cluster_and_outlive_it() -> None:
    graph = _zone()
    before = graph.reaches("cluster-aro")
    rights = {r.name for r in graph.values() if r.name.startswith("identities-")}
    assert len([r for r in rights if "-on-" not in r]) == 9
    assert rights <= before


def test_no_federated_credential_is_made_on_the_identities_of_the_cluster() -> None:
    credentials = _zone().of_type("azure-native:managedidentity:FederatedIdentityCredential")
    assert [each.name for each in credentials] == ["peer-pods-credential"]


def _assigned(graph: Graph) -> set[tuple[str, str, str]]:
    return {
        (r.inputs["principalId"], str(r.inputs["roleDefinitionId"]).rsplit("/", 1)[-1], r.inputs["scope"])
        for r in graph.of_type("azure-native:authorization:RoleAssignment")
        if r.name.startswith("identities-")
    }


def test_each_identity_has_its_role_where_azure_asks_for_it_and_nowhere_else() -> None:
    graph = _zone()
    principals = {
        r.name.removeprefix("identities-"): f"principal-of-{r.name}"
        for r in graph.of_type("azure-native:managedidentity:UserAssignedIdentity")
    }
    ids = {operator.name: graph[f"identities-{operator.name}"] for operator in OPERATORS}
    on_nodes = (f"{VNET}/subnets/control-plane", f"{VNET}/subnets/workers")
    expected = {("rp-object", NETWORK_CONTRIBUTOR, VNET)}
    federated = {
        (principal, scope) for principal, role, scope in _assigned(graph) if role == FEDERATED_CREDENTIAL
    }
    assert len(federated) == len(ids) == 8
    assert {principal for principal, _ in federated} == {principals["aro-cluster"]}
    for operator in OPERATORS:
        for scope in on_nodes if Scope.WORKERS in operator.scopes else ():
            expected.add((principals[operator.name], operator.role_id, scope))
        if Scope.VNET in operator.scopes:
            expected.add((principals[operator.name], operator.role_id, VNET))
    assert {each for each in _assigned(graph) if each[1] != FEDERATED_CREDENTIAL} == expected


@pytest.mark.parametrize(
    ("scope", "who"),
    [
        (Scope.NAT_GATEWAY, {"cloud-controller-manager", "file-csi-driver", "aro-operator", "rp"}),
        (
            Scope.NETWORK_SECURITY_GROUP,
            {"cloud-controller-manager", "file-csi-driver", "aro-operator", "machine-api", "rp"},
        ),
        (Scope.DISK_ENCRYPTION_SET, {"machine-api", "disk-csi-driver", "rp"}),
    ],
)
def test_what_a_network_has_besides_is_given_to_those_who_join_it(scope: Scope, who: set[str]) -> None:
    graph = _declared(scopes={**SCOPES, scope: "/it"})
    given = [
        r.name
        for r in graph.of_type("azure-native:authorization:RoleAssignment")
        if r.inputs["scope"] == "/it"
    ]
    assert {name.removeprefix("identities-").removesuffix(f"-on-{scope}") for name in given} == who


def test_peer_pods_are_told_of_their_identity_only_when_it_may_do_all_that_it_needs() -> None:
    graph = _zone()
    roles = graph.of_type("azure-native:authorization:RoleDefinition")
    assert {r.name for r in roles} == {f"peer-pods-role-{what}" for what in ("machines", "join", "sizes")}
    given = {
        r.inputs["scope"]
        for r in graph.of_type("azure-native:authorization:RoleAssignment")
        if r.name.startswith("peer-pods-")
    }
    assert given == {
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group/providers/azure-native:resources:ResourceGroup/peer-pods-machines",
        f"{VNET}/subnets/peer-pods",
        "/nsg",
        f"/subscriptions/{SUBSCRIPTION}",
    }


def test_no_role_of_peer_pods_has_a_wildcard_or_can_give_rights() -> None:
    for role in _zone().of_type("azure-native:authorization:RoleDefinition"):
        (permission,) = role.inputs["permissions"]
        for action in permission["actions"]:
            assert "*" not in action
            assert not action.startswith("Microsoft.Authorization/")


def test_only_sizes_may_be_read_on_the_whole_subscription() -> None:
    graph = _zone()
    everywhere = [
        r
        for r in graph.of_type("azure-native:authorization:RoleAssignment")
        if r.inputs["scope"] == f"/subscriptions/{SUBSCRIPTION}"
    ]
    assert [r.name for r in everywhere] == ["peer-pods-sizes-on-subscription"]
    (permission,) = graph["peer-pods-role-sizes"].inputs["permissions"]
    assert permission["actions"] == ["Microsoft.Compute/locations/vmSizes/read"]


def test_the_cluster_vouches_for_the_service_account_of_sandboxed_containers_alone() -> None:
    credential = _zone()["peer-pods-credential"].inputs
    assert credential["issuer"] == ISSUER
    assert credential["subject"] == "system:serviceaccount:openshift-sandboxed-containers-operator:default"
    assert credential["audiences"] == ["openshift"]


def test_in_a_first_preview_nothing_is_asked_of_a_cluster_that_is_not_there() -> None:
    exports = _declared(preview=True).exports
    assert exports["issuer"] == UNKNOWN
    assert exports["client"] == UNKNOWN
