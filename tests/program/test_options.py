"""What Pulumi is told beside the inputs, and how Jobs run: each value is meant, and a lost one shows only months later."""

import json
from typing import Any

import pytest

from model.azure.workload_identities import (
    FEDERATED_CREDENTIAL,
    NETWORK_CONTRIBUTOR,
    OPERATORS,
)
from tests.answers import INVOKES
from tests.config import committed
from tests.harness import Registered, Secret
from tests.program import roles

# What somebody else writes there, and a preview would else take back.
SUBNET = ["networkSecurityGroup", "serviceEndpoints", "privateLinkServiceNetworkPolicies"]
IGNORED = {
    "network-vnet": ["subnets"],
    "network-control-plane": SUBNET,
    "network-workers": SUBNET,
    "egress-ip": ["natGateway"],
    "sandboxed-containers-image": ["data"],
}
INSTALLED = {  # decided at the installation, which is never repeated
    "cluster-installation": ["environment.INSTALL_CONFIG", "environment.PULL_SECRET", "environment.VERSION"],
    "cluster-installed": ["environment"],
}
PULL_SECRET = {
    "dev": "clusterProfile.pullSecret",
    "managed": "properties.clusterProfile.pullSecret",
    "anywhere": "properties.clusterProfile.pullSecret",
    "private": "properties.clusterProfile.pullSecret",
    "vpn": "properties.clusterProfile.pullSecret",
}
REPLACED = {"kbs-ca-ca", "kbs-ca-ca-witness", "trustee-https-certificate", "trustee-token-certificate"}


def resources(name: str) -> list[Registered]:
    return list(roles.committed_graph(name).values())


@pytest.mark.parametrize("name", committed.NAMES)
def test_what_others_write_is_ignored_and_nothing_else(name: str) -> None:
    expected = dict(IGNORED)
    if name.startswith("selfmanaged"):
        expected |= INSTALLED
    if name.startswith(("selfmanaged", "private", "vpn")):
        # The security group of these subnets is the stack's own.
        expected |= {each: SUBNET[1:] for each, keys in IGNORED.items() if keys == SUBNET}
    if name.partition("-")[0] in PULL_SECRET:
        expected["cluster-aro"] = [PULL_SECRET[name.partition("-")[0]]]
    found = {one.name: one.ignore_changes for one in resources(name) if one.ignore_changes}
    assert found == {each: keys for each, keys in expected.items() if each in roles.committed_graph(name)}
    assert found or name == "anywhere-hub", "it has neither a network in Azure nor peer pods"


@pytest.mark.parametrize("name", committed.NAMES)
def test_what_is_replaced_by_its_own_name_is_deleted_first_and_nothing_else(name: str) -> None:
    found = {one.name: one.replace_on_changes for one in resources(name) if one.delete_before_replace}
    jobs = {one.name: [] for one in resources(name) if one.type == "kubernetes:batch/v1:Job"}
    if name.startswith("selfmanaged"):  # the old cluster is taken away before another one is prepared
        jobs["cluster-installation"] = ["triggers[*]"]
    assert found == jobs | {
        each: ["spec"] for each in sorted(REPLACED) if each in roles.committed_graph(name)
    }


def jobs(name: str) -> list[Any]:
    return [one.inputs["spec"]["template"]["spec"] for one in resources(name) if one.type.endswith(":Job")]


@pytest.mark.parametrize("name", committed.NAMES)
def test_every_job_runs_a_pinned_image_without_any_privilege(name: str) -> None:
    pods = jobs(name)
    assert len(pods) > 1
    for pod in pods:
        (container,) = pod["containers"]
        image, _, digest = container["image"].partition("@sha256:")
        assert image == "registry.redhat.io/openshift4/ose-cli-rhel9"
        assert len(digest) == 64
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert pod["serviceAccountName"] != "default"
        assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(pod)


def test_every_role_of_azure_is_the_one_of_its_name() -> None:
    """From Azure's list of built-in roles (learn.microsoft.com/azure/role-based-access-control/built-in-roles)."""
    assert NETWORK_CONTRIBUTOR == "4d97b98b-1d4f-4787-a291-c67834d212e7"
    assert FEDERATED_CREDENTIAL == "ef318e2a-8334-4a05-9e4a-295a196c6a6e"
    assert {one.role: one.role_id for one in OPERATORS} == {
        "Cloud Controller Manager": "a1f96423-95ce-4224-ab27-4e3dc72facd4",
        "Cluster Ingress Operator": "0336e1d3-7a87-462b-b6db-342b63f7802c",
        "Machine API Operator": "0358943c-7e01-48ba-8889-02cc51d78637",
        "Disk Storage Operator": "5b7237c5-45e1-49d6-bc18-a1f62f400748",
        "Network Operator": "be7a6435-15ae-4171-8f30-4a343eff9e8f",
        "Image Registry Operator": "8b32b316-c2f5-4ddf-b05b-83dacd2d08b5",
        "File Storage Operator": "0d7aedc0-15fd-4a67-a412-efad370c947e",
        "Service Operator": "4436bae4-7702-4c84-919b-c4069ff25ee2",
    }


@pytest.mark.parametrize("name", ["dev-hub", "managed-hub"])
def test_encryption_at_host_and_fips_reach_every_machine_and_are_off_unless_said(name: str) -> None:
    def switches(**changes: bool) -> tuple[set[str], str]:
        cluster = {**json.loads(committed.bag(name)["coco:cluster"]), **changes}
        inputs = roles.declare(name, cluster=cluster)["cluster-aro"].inputs
        body = plain(inputs.get("properties", inputs))
        machines = [body["masterProfile"], *body["workerProfiles"]]
        return {each["encryptionAtHost"] for each in machines}, plain(body["clusterProfile"])[
            "fipsValidatedModules"
        ]

    def plain(value: Any) -> Any:
        return value.value if isinstance(value, Secret) else value

    assert switches() == ({"Disabled"}, "Disabled")
    assert switches(encryptionAtHost=True) == ({"Enabled"}, "Disabled")
    assert switches(fips=True) == ({"Disabled"}, "Enabled")


KEY = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/nodes"


@pytest.mark.parametrize(("name", "readers"), [("dev-hub", 2), ("managed-hub", 3)])
def test_every_disk_of_a_node_has_the_key_that_was_asked_for_and_who_makes_disks_may_read_it(
    name: str, readers: int
) -> None:
    cluster = {**json.loads(committed.bag(name)["coco:cluster"]), "diskEncryptionSet": KEY}
    graph = roles.declare(name, cluster=cluster)
    inputs = graph["cluster-aro"].inputs
    body = inputs.get("properties", inputs)
    body = body.value if isinstance(body, Secret) else body
    assert [each["diskEncryptionSetId"] for each in (body["masterProfile"], *body["workerProfiles"])] == [
        KEY,
        KEY,
    ]
    given = [
        one
        for one in graph.of_type("azure-native:authorization:RoleAssignment")
        if one.inputs["scope"] == KEY
    ]
    assert len(given) == readers, "the resource provider, and the principal or two operators"
    assert {one.name for one in given} <= graph.reaches("cluster-aro")


def test_a_cluster_behind_a_firewall_asks_for_no_address_of_its_own() -> None:
    """The resource provider refuses such a cluster with a profile of a load balancer."""
    cluster = json.loads(committed.bag("anywhere-spoke")["coco:cluster"])
    principal = {
        "clientId": "00000000-0000-4000-8000-000000000051",
        "objectId": "00000000-0000-4000-8000-000000000052",
    }
    behind = {
        **cluster,
        "identity": "servicePrincipal",
        "servicePrincipal": principal,
        "visibility": "Private",
        "outbound": "firewall",
    }

    def routed(args: Any) -> dict[str, Any]:
        answer: Any = INVOKES["azure-native:network:getSubnet"]
        return {**answer(args), "routeTable": {"id": "/routes"}}

    graph = roles.declare(
        "anywhere-spoke", invokes={"azure-native:network:getSubnet": routed}, cluster=behind
    )
    profile = graph["cluster-aro"].inputs["networkProfile"]
    assert profile["outboundType"] == "UserDefinedRouting"
    assert "loadBalancerProfile" not in profile
