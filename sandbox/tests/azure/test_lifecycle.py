"""What an engine may rely on: nothing is made twice, drift is seen, secrets stay out, and ordered faults come."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from pulumi_azure_native import (
    authorization,
    managedidentity,
    network,
    privatedns,
    redhatopenshift,
    resources,
    storage,
)

from sandbox.azure.standin import KINDS
from sandbox.openshift.clusters import StoreClusters, self_managed
from sandbox.provider import UNKNOWN, Refused
from sandbox.tests.azure.zone import CLUSTER, MANAGED, MISSING, NETWORK, VNET, ZONE, Zone, spoiled

SUBNET = "azure-native:network:Subnet"


def test_nothing_is_created_a_second_time_not_even_with_the_same_inputs(whole: Zone):
    there, cloud = whole.azure.resources(), (whole.directory / "azure.json").read_text()
    for which in ZONE:
        with pytest.raises(
            Refused, match=f"cannot create already existing resource '{whole.made[which][0]}'"
        ):
            whole.make(which)
    assert (whole.azure.resources(), (whole.directory / "azure.json").read_text()) == (there, cloud)


def test_an_interrupted_create_leaves_nothing_half_done(zone: Zone, monkeypatch: pytest.MonkeyPatch):
    zone.make_all(until="rp_role")
    there = zone.azure.resources()

    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StoreClusters, "create", killed)
        with pytest.raises(KeyboardInterrupt):
            zone.make("cluster")
    assert zone.azure.resources() == there
    assert zone.make("cluster") == CLUSTER


def test_reading_what_was_just_made_shows_no_drift(zone: Zone):
    for which in ZONE:
        id_ = zone.make(which)
        assert zone.read(which) == (id_, zone.made[which][1], zone.made[which][2])


def test_what_aro_writes_to_its_subnets_is_drift_and_comes_back(whole: Zone):
    _, inputs, outputs = whole.read("masters") or pytest.fail("gone")
    nsg = {"id": outputs["networkSecurityGroup"]["id"]}
    assert nsg["id"].startswith(f"{MANAGED}/providers/Microsoft.Network/networkSecurityGroups/dev-hub-")
    expected = {"networkSecurityGroup": nsg, "privateLinkServiceNetworkPolicies": "Disabled"}
    assert inputs == ZONE["masters"][1] | expected
    assert whole.change("workers", {"addressPrefix": "10.0.64.0/18"})["networkSecurityGroup"] == nsg
    whole.unmake("cluster")
    assert "networkSecurityGroup" not in (whole.read("masters") or pytest.fail("gone"))[2]


def test_what_somebody_changed_by_hand_is_read_and_put_right(whole: Zone):
    whole.azure.change_by_hand(whole.made["nsg"][0], securityRules=[], tags={"environment": "mine"})
    _, inputs, outputs = whole.read("nsg") or pytest.fail("gone")
    wanted = ZONE["nsg"][1]
    assert inputs == wanted | {"securityRules": [], "tags": {"environment": "mine"}}
    diff = whole.azure.diff(ZONE["nsg"][0], whole.made["nsg"][0], inputs, outputs, wanted)
    assert set(diff.changed) == {"securityRules[0]", "securityRules[1]", "tags.environment"}
    assert diff.replace == ()
    assert len(whole.change("nsg", {})["securityRules"]) == 2
    assert (whole.read("nsg") or pytest.fail("gone"))[1] == wanted


def test_a_put_of_a_subnet_without_its_gateway_detaches_it(whole: Zone):
    assert "natGateway" not in whole.change("pods", {"natGateway": MISSING})
    whole.unmake("gateway")


def test_tags_of_a_network_leave_its_subnets_alone(whole: Zone):
    assert len(whole.change("vnet", {"tags": {}})["subnets"]) == 3


def test_an_import_by_id_finds_the_inputs(whole: Zone):
    for which, (type_, inputs) in ZONE.items():
        _, found, _ = whole.azure.read(type_, whole.made[which][0], {}) or pytest.fail("gone")
        given = spoiled(which, {"clusterProfile.pullSecret": MISSING, "servicePrincipalProfile.clientSecret": MISSING}) \
            if which == "cluster" else inputs  # fmt: skip
        diff = whole.azure.diff(type_, "", given, {}, found)
        filled_in = {
            "idleTimeoutInMinutes",
            "publicIPAddressVersion",
            "enableDdosProtection",
            "privateEndpointVNetPolicies",
            "privateEndpointNetworkPolicies",
            "privateLinkServiceNetworkPolicies",
            "networkSecurityGroup",
            "natGateway",
        }
        assert set(diff.changed) <= filled_in, which
    assert whole.azure.read(SUBNET, VNET, {}) is None
    assert whole.azure.read(SUBNET, f"{VNET}/subnets/none", {}) is None


# (resource, change, does it replace)
REPLACING = [
    ("group", {"location": "East US 2"}, None),
    ("group", {"location": "westus"}, True),
    ("address", {"sku.tier": "Global"}, True),
    ("address", {"tags": {}}, False),
    ("vnet", {"virtualNetworkName": "other"}, True),
    ("vnet", {"addressSpace.addressPrefixes": ["10.0.0.0/15"]}, False),
    ("workers", {"addressPrefix": "10.0.64.0/19"}, False),
    ("workers", {"subnetName": "nodes"}, True),
    ("workers", {"virtualNetworkName": UNKNOWN}, True),
    ("pods", {"natGateway.id": f"{NETWORK}/natGateways/nat".upper()}, None),
    ("gateway", {"location": "westus"}, False),
    ("rp_role", {"principalId": UNKNOWN}, True),
    ("cluster", {"clusterProfile.version": "4.20.16"}, False),
    ("cluster", {"location": "westus"}, True),
]


@pytest.mark.parametrize(("which", "change", "replaces"), REPLACING)
def test_what_replaces_is_what_azure_native_replaces(zone: Zone, which, change, replaces):
    type_, inputs = ZONE[which]
    diff = zone.azure.diff(type_, "", inputs, {}, spoiled(which, change))
    assert bool(diff.changed) is (replaces is not None)
    assert bool(diff.replace) is bool(replaces)
    assert diff.delete_before_replace is bool(replaces)


def test_a_preview_knows_what_is_given_and_nothing_azure_computes(zone: Zone):
    outputs = zone.azure.preview_create(*_named("cluster"))
    assert outputs["apiserverProfile"] == {"visibility": "Public", "url": UNKNOWN, "ip": UNKNOWN}
    assert outputs["name"] == outputs["systemData"] == UNKNOWN
    assert outputs["workerProfiles"][0]["count"] == 3
    assert zone.azure.resources() == []


def _named(which: str) -> tuple[str, str, dict]:
    return ZONE[which][0], which, ZONE[which][1]


def test_the_name_stays_known_in_the_preview_of_an_update(whole: Zone):
    outputs = whole.change("cluster", {"tags": {}}, preview=True)
    assert (outputs["name"], outputs["location"]) == ("dev-hub", "eastus2")


def test_no_credential_is_in_the_cloud_or_in_an_answer(whole: Zone):
    whole.change("cluster", {"servicePrincipalProfile.clientSecret": "CANARY-second"})
    arguments = {"resourceGroupName": "coco-hub", "resourceName": "dev-hub"}
    functions = "azure-native:redhatopenshift:listOpenShiftCluster"
    kubeconfig = whole.azure.invoke(f"{functions}AdminCredentials", arguments)["kubeconfig"]
    password = whole.azure.invoke(f"{functions}Credentials", arguments)["kubeadminPassword"]
    token = base64.b64decode(kubeconfig).decode().rsplit("token: ", 1)[1].strip()
    _, _, outputs = whole.read("cluster") or pytest.fail("gone")
    for text in ((whole.directory / "azure.json").read_text(), json.dumps(outputs)):
        assert "CANARY" not in text
        assert token not in text
        assert kubeconfig not in text
        assert password not in text


def test_an_existing_cluster_has_a_worker_subnet_with_outbound_access(zone: Zone):
    account = zone.azure.account
    facts = self_managed(
        "dev-standalone",
        location="eastus2",
        subscription_id=account.subscription_id,
        tenant_id=account.tenant_id,
    )
    zone.azure.existing_cluster(facts)
    zone.azure.existing_cluster(replace(facts, location="westus"))
    subnet = zone.azure.invoke(
        "azure-native:network:getSubnet",
        {
            "resourceGroupName": facts.vnet_resource_group,
            "virtualNetworkName": facts.vnet_name,
            "subnetName": facts.subnet_name,
        },
    )
    assert subnet["natGateway"]["id"].endswith("/natGateways/dev-standalone-nat")
    assert subnet["networkSecurityGroup"]["id"].endswith(facts.security_group_name)
    assert zone.azure.resources() == []


def test_a_provider_sees_the_subscription_of_its_inputs(zone: Zone):
    other = zone.azure.for_provider({"subscriptionId": "other", "tenantId": "there"})
    assert other.create(*_named("group"), None)[0] == "/subscriptions/other/resourceGroups/coco-hub"
    assert other.invoke("azure-native:authorization:getClientConfig", {})["tenantId"] == "there"
    assert zone.azure.resources() == other.resources()


def test_a_group_goes_with_its_contents_unless_azure_cannot_delete_one(whole: Zone):
    whole.unmake("rp_role")
    with pytest.raises(Refused, match="ResourceGroupDeletionBlocked"):
        whole.unmake("group")
    whole.make("rp_role")
    whole.unmake("group")
    assert whole.azure.resources() == []
    with pytest.raises(KeyError):
        whole.azure.clusters.kubeconfig("dev-hub")


def order(zone: Zone, **fault: object) -> None:
    (zone.directory / "faults.json").write_text(json.dumps([fault]))


@pytest.mark.parametrize("code", ["AnotherOperationInProgress", "TooManyRequests"])
def test_a_passing_refusal_is_outlasted_and_a_lasting_one_says_what_to_do(zone: Zone, code):
    order(zone, op="create", type="azure-native:resources:ResourceGroup", code=code, times=4)
    zone.make("group")
    order(zone, op="create", name="NAT-ip", code=code, times=5)
    with pytest.raises(Refused, match=r"run `up` again"):
        zone.make("address")
    zone.make("address")
    assert json.loads((zone.directory / "faults.json").read_text()) == []


def test_a_principal_not_replicated_yet_is_refused_once_and_then_found(zone: Zone):
    zone.make_all(until="pods")
    order(zone, op="create", type="azure-native:authorization:RoleAssignment", code="PrincipalNotFound")
    with pytest.raises(Refused, match="PrincipalNotFound"):
        zone.make("rp_role")
    zone.make("rp_role")


def test_an_answer_that_is_lost_does_not_make_a_second_one(zone: Zone):
    order(zone, op="create", code="InternalServerError", after=True)
    with pytest.raises(Refused, match="InternalServerError"):
        zone.make("group")
    assert len(zone.azure.resources()) == 1
    with pytest.raises(Refused, match="cannot create already existing resource"):
        zone.make("group")
    assert len(zone.azure.resources()) == 1


SDK = {
    "ResourceGroup": resources.ResourceGroupArgs,
    "PublicIPAddress": network.PublicIPAddressInitArgs,
    "NatGateway": network.NatGatewayInitArgs,
    "VirtualNetwork": network.VirtualNetworkInitArgs,
    "Subnet": network.SubnetInitArgs,
    "VirtualNetworkGateway": network.VirtualNetworkGatewayInitArgs,
    "LocalNetworkGateway": network.LocalNetworkGatewayInitArgs,
    "VirtualNetworkGatewayConnection": network.VirtualNetworkGatewayConnectionArgs,
    "PrivateZone": privatedns.PrivateZoneArgs,
    "PrivateRecordSet": privatedns.PrivateRecordSetArgs,
    "VirtualNetworkLink": privatedns.VirtualNetworkLinkArgs,
    "VirtualNetworkPeering": network.VirtualNetworkPeeringInitArgs,
    "NetworkSecurityGroup": network.NetworkSecurityGroupInitArgs,
    "RoleAssignment": authorization.RoleAssignmentArgs,
    "OpenShiftCluster": redhatopenshift.OpenShiftClusterArgs,
    "UserAssignedIdentity": managedidentity.UserAssignedIdentityArgs,
    "StorageAccount": storage.StorageAccountArgs,
    "BlobServiceProperties": storage.BlobServicePropertiesArgs,
    "BlobContainer": storage.BlobContainerArgs,
    "BlobContainerImmutabilityPolicy": storage.BlobContainerImmutabilityPolicyArgs,
    "FederatedIdentityCredential": managedidentity.FederatedIdentityCredentialArgs,
    "RoleDefinition": authorization.RoleDefinitionArgs,
    "Resource": resources.ResourceArgs,
}


@pytest.mark.parametrize("type_", KINDS)
def test_the_stand_in_knows_only_inputs_that_azure_native_sends(type_):
    kind, arguments = KINDS[type_], SDK[type_.rsplit(":", 1)[-1]]
    sent = {
        getattr(value.fget, "_pulumi_name", name)
        for name, value in vars(arguments).items()
        if isinstance(value, property)
    }
    inputs = {name for name, prop in kind.properties.items() if not prop.computed}
    assert inputs | set(kind.path_properties) <= sent


def test_a_network_card_in_the_managed_group_keeps_its_subnet_until_the_cluster_is_deleted(whole: Zone):
    whole.azure.leave_network_card(whole.made["pods"][0], CLUSTER)
    with pytest.raises(Refused, match=r"InUseSubnetCannotBeDeleted.*podvm-left-net"):
        whole.unmake("pods")
    whole.unmake("cluster")
    whole.unmake("pods")


def test_a_gateway_writes_itself_into_its_address_which_reads_as_drift(whole: Zone):
    gateway = {"natGateway": {"id": whole.made["gateway"][0]}}
    _, inputs, _ = whole.read("address") or pytest.fail("gone")
    assert inputs == ZONE["address"][1] | gateway
    assert whole.change("address", {"tags": {}})["natGateway"] == gateway["natGateway"]
    whole.change("gateway", {"publicIpAddresses": []})
    assert "natGateway" not in (whole.read("address") or pytest.fail("gone"))[2]
