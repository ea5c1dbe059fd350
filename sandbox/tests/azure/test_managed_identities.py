"""An ARO cluster with managed identities: what the resource provider asks for before it makes one, and when it deletes one."""

from __future__ import annotations

import copy
import uuid
from typing import Any

import pytest

from sandbox.provider import UNKNOWN, Refused
from sandbox.tests.azure.zone import GROUP, SUBSCRIPTION, VNET, ZONE, Zone

# The table of the resource provider, written down a second time: what the stand-in must ask for.
OPERATORS = {
    "cloud-controller-manager": "a1f96423-95ce-4224-ab27-4e3dc72facd4",
    "ingress": "0336e1d3-7a87-462b-b6db-342b63f7802c",
    "machine-api": "0358943c-7e01-48ba-8889-02cc51d78637",
    "disk-csi-driver": "5b7237c5-45e1-49d6-bc18-a1f62f400748",
    "cloud-network-config": "be7a6435-15ae-4171-8f30-4a343eff9e8f",
    "image-registry": "8b32b316-c2f5-4ddf-b05b-83dacd2d08b5",
    "file-csi-driver": "0d7aedc0-15fd-4a67-a412-efad370c947e",
    "aro-operator": "4436bae4-7702-4c84-919b-c4069ff25ee2",
}
ON_SUBNETS = ("cloud-controller-manager", "ingress", "machine-api", "aro-operator")
ON_VNET = ("cloud-network-config", "image-registry", "file-csi-driver")
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
FEDERATED = "ef318e2a-8334-4a05-9e4a-295a196c6a6e"
CLUSTER = "azure-native:resources:Resource"


def body() -> dict[str, Any]:
    typed = copy.deepcopy(ZONE["cluster"][1])
    placed = {name: typed.pop(name) for name in ("resourceGroupName", "location", "tags", "resourceName")}
    del typed["servicePrincipalProfile"]
    return {
        **placed,
        "apiVersion": "2025-07-25",
        "parentResourcePath": "",
        "resourceProviderNamespace": "Microsoft.RedHatOpenShift",
        "resourceType": "openShiftClusters",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [f"{IDENTITIES}/aro-cluster"]},
        "properties": {
            **typed,
            "platformWorkloadIdentityProfile": {
                "platformWorkloadIdentities": {
                    name: {"resourceId": f"{IDENTITIES}/{name}"} for name in OPERATORS
                }
            },
        },
    }


class Managed:
    """A zone with the identities and their roles, any of which a test may leave out."""

    def __init__(self, zone: Zone) -> None:
        self.zone, self.azure = zone, zone.azure
        zone.make_all(until="pods")
        zone.make("rp_role")
        self.principals: dict[str, str] = {}
        self.roles: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}

    def identities(self) -> Managed:
        for name in ("aro-cluster", *OPERATORS):
            inputs = {"resourceGroupName": "coco-hub", "location": "eastus2", "resourceName": name}
            _, outputs = self.azure.create(
                "azure-native:managedidentity:UserAssignedIdentity", name, inputs, None
            )
            self.principals[name] = outputs["principalId"]
        return self

    def grant(self, who: str, role: str, scope: str) -> None:
        inputs = {
            "scope": scope,
            "principalId": self.principals[who],
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "roleAssignmentName": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{who}{role}{scope}")),
        }
        id_, _ = self.azure.create("azure-native:authorization:RoleAssignment", who, inputs, None)
        self.roles[who, scope] = id_, inputs

    def wanted(self) -> list[tuple[str, str, str]]:
        subnets = (f"{VNET}/subnets/control-plane", f"{VNET}/subnets/workers")
        return [
            *(("aro-cluster", FEDERATED, f"{IDENTITIES}/{name}") for name in OPERATORS),
            *((name, OPERATORS[name], subnet) for name in ON_SUBNETS for subnet in subnets),
            *((name, OPERATORS[name], VNET) for name in ON_VNET),
        ]

    def rights(self, without: tuple[str, str] | None = None) -> Managed:
        for who, role, scope in self.wanted():
            if (who, scope) != without:
                self.grant(who, role, scope)
        return self

    def make(self, inputs: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        inputs = inputs or body()
        assert self.azure.check(CLUSTER, "cluster", inputs) == []
        return self.azure.create(CLUSTER, "cluster", inputs, None)


@pytest.fixture
def managed(zone: Zone) -> Managed:
    return Managed(zone)


def test_a_cluster_comes_up_with_exactly_the_rights_of_the_table_and_names_its_issuer(managed: Managed):
    id_, outputs = managed.identities().rights().make()
    properties = outputs["properties"]
    assert properties["clusterProfile"]["oidcIssuer"].startswith("https://")
    assert properties["apiserverProfile"]["url"] == "https://api.dev-hub.eastus2.aroapp.io:6443/"
    assert "pullSecret" not in properties["clusterProfile"]
    managed.azure.delete(CLUSTER, id_, body(), outputs, None)
    assert not any("_managed" in id_ for id_ in managed.azure.resources())


WANTED = [
    *(("aro-cluster", f"{IDENTITIES}/{name}") for name in OPERATORS),
    *((name, f"{VNET}/subnets/{subnet}") for name in ON_SUBNETS for subnet in ("control-plane", "workers")),
    *((name, VNET) for name in ON_VNET),
]


@pytest.mark.parametrize("left_out", WANTED, ids=lambda pair: f"{pair[0]} on {pair[1].rsplit('/', 1)[-1]}")
def test_each_right_that_is_missing_is_refused(managed: Managed, left_out: tuple[str, str]):
    managed.identities().rights(without=left_out)
    with pytest.raises(Refused) as refused:
        managed.make()
    who, scope = left_out
    code = "InvalidClusterMSIPermissions" if who == "aro-cluster" else "InvalidWorkloadIdentityPermissions"
    assert refused.value.code == code
    assert scope in refused.value.message


JOINING = ("cloud-controller-manager", "file-csi-driver", "aro-operator", "machine-api")


@pytest.mark.parametrize("left_out", [None, *JOINING])
def test_a_security_group_that_is_there_already_must_be_joined_by_those_who_make_machines(
    managed: Managed, left_out: str | None
):
    network = f"{GROUP}/providers/Microsoft.Network"
    group = f"{network}/networkSecurityGroups/pods"
    for subnet in ("control-plane", "workers"):
        managed.azure.change_by_hand(f"{VNET}/subnets/{subnet}", networkSecurityGroup={"id": group})
    managed.identities().rights()
    for name in JOINING:
        if name != left_out:
            managed.grant(name, OPERATORS[name], group)
    managed.grant("aro-cluster", NETWORK_CONTRIBUTOR, group)  # stands for the resource provider
    told = body()
    told["properties"]["networkProfile"]["preconfiguredNSG"] = "Enabled"
    if left_out is None:
        managed.make(told)
    else:
        with pytest.raises(
            Refused, match=f"The {left_out} platform managed identity.*networkSecurityGroups/pods"
        ):
            managed.make(told)


def test_the_rights_of_the_resource_provider_are_asked_for(zone: Zone):
    managed = Managed(zone)
    zone.unmake("rp_role")
    with pytest.raises(Refused, match="InvalidResourceProviderPermissions"):
        managed.identities().rights().make()


def test_an_identity_with_a_federated_credential_of_ours_is_refused(managed: Managed):
    managed.identities().rights()
    inputs = {
        "resourceGroupName": "coco-hub",
        "resourceName": "ingress",
        "federatedIdentityCredentialResourceName": "ours",
        "issuer": "https://issuer.example",
        "subject": "system:serviceaccount:openshift-ingress:router",
        "audiences": ["openshift"],
    }
    managed.azure.create("azure-native:managedidentity:FederatedIdentityCredential", "ours", inputs, None)
    with pytest.raises(Refused, match="PlatformWorkloadIdentityContainsInvalidFederatedCredential"):
        managed.make()


def test_a_cluster_cannot_be_deleted_without_the_rights_of_its_identity(managed: Managed):
    managed.identities().rights()
    id_, outputs = managed.make()
    role, inputs = managed.roles["aro-cluster", f"{IDENTITIES}/ingress"]
    managed.azure.delete("azure-native:authorization:RoleAssignment", role, inputs, {}, None)
    with pytest.raises(Refused, match="InvalidClusterMSIPermissions"):
        managed.azure.delete(CLUSTER, id_, body(), outputs, None)


# (path of a body's value, the value, property of the failure, words of the reason)
WRONG = [
    (("apiVersion",), "2023-11-22", "apiVersion", "one of 2025-07-25"),
    (("parentResourcePath",), "x", "parentResourcePath", "must be one of"),
    (("identity", "userAssignedIdentities"), [], "identity", "exactly one"),
    (("properties", "servicePrincipalProfile"), {"clientId": "x"}, "properties.servicePrincipalProfile", "knows no property"),
    (("properties", "clusterProfile", "domain"), "1hub", "properties.clusterProfile.domain", "is invalid"),
    (("properties", "masterProfile", "vmSize"), "Standard_D4s_v5", "properties.masterProfile.vmSize", "'master' role"),
    (("properties", "platformWorkloadIdentityProfile", "platformWorkloadIdentities"), {"ingress": {}}, "properties.platformWorkloadIdentityProfile.platformWorkloadIdentities", "mismatch"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where", "words"), WRONG)
def test_a_wrong_body_is_told_in_the_preview(zone: Zone, path, value, where, words):
    inputs: Any = body()
    target = inputs
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    failures = zone.azure.check(CLUSTER, "cluster", inputs)
    assert [each for each in failures if each.property == where and words in each.reason], failures


def test_a_body_with_unknown_values_is_taken_in_a_preview(zone: Zone):
    inputs = body()
    inputs["identity"]["userAssignedIdentities"] = [UNKNOWN]
    inputs["properties"]["masterProfile"]["subnetId"] = UNKNOWN
    assert zone.azure.check(CLUSTER, "cluster", inputs) == []
    assert zone.azure.check(CLUSTER, "cluster", body() | {"properties": UNKNOWN}) == []


def test_only_what_the_resource_provider_lets_change_can_be_changed(managed: Managed):
    id_, outputs = managed.identities().rights().make()
    tagged = body() | {"tags": {"environment": "other"}}
    assert managed.azure.update(CLUSTER, id_, body(), outputs, tagged, False, None)["tags"] == tagged["tags"]
    larger = body()
    larger["properties"]["workerProfiles"][0]["count"] = 5
    with pytest.raises(Refused, match="PropertyChangeNotAllowed"):
        managed.azure.update(CLUSTER, id_, tagged, outputs, larger, True, None)


ROLE = str(uuid.uuid5(uuid.NAMESPACE_URL, "role"))


def definition(**changes: Any) -> dict[str, Any]:
    return {
        "scope": SUBSCRIPTION,
        "roleDefinitionId": ROLE,
        "roleName": "CoCo peer pods",
        "roleType": "CustomRole",
        "assignableScopes": [SUBSCRIPTION],
        "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"]}],
        **changes,
    }


def test_a_custom_role_can_be_given_where_it_is_assignable_and_outlives_its_assignments(managed: Managed):
    kind = "azure-native:authorization:RoleDefinition"
    managed.identities()
    made, outputs = managed.azure.create(kind, "role", definition(assignableScopes=[f"{VNET}"]), None)
    with pytest.raises(Refused, match="RoleDefinitionDoesNotExist"):
        managed.grant("ingress", ROLE, GROUP)
    managed.grant("ingress", ROLE, VNET)
    with pytest.raises(Refused, match="RoleDefinitionHasAssignments"):
        managed.azure.delete(kind, made, definition(), outputs, None)
    other = definition(roleDefinitionId=str(uuid.uuid5(uuid.NAMESPACE_URL, "other")))
    with pytest.raises(Refused, match="RoleDefinitionWithSameNameExists"):
        managed.azure.create(kind, "other", other, None)
    wrong = definition(permissions=[{"actions": ["all of it"]}])
    assert "InvalidActionOrNotAction" in managed.azure.check(kind, "role", wrong)[0].reason
