"""Every rule the program relies on being held to: what is wrong, and what Azure says to it."""

from __future__ import annotations

import pytest

from sandbox.provider import UNKNOWN, Refused
from sandbox.tests.azure.zone import (
    CLIENT,
    CLUSTER_PRINCIPAL,
    GROUP,
    MANAGED,
    MISSING,
    NETWORK,
    RP_PRINCIPAL,
    VNET,
    ZONE,
    Zone,
    spoiled,
)

# (resource, change, property the failure names, words of the reason): rules on a request by itself
BY_ITSELF = [
    ("group", {"location": "eastus9"}, "location", "LocationNotAvailableForResourceGroup"),
    ("group", {"location": MISSING}, "location", "missing required"),
    ("group", {"resourceGroupName": "bad name"}, "resourceGroupName", "InvalidResourceGroup"),
    ("group", {"resourceGroupName": MISSING}, "resourceGroupName", "missing required"),
    ("vnet", {"virtualNetworkName": "-x"}, "virtualNetworkName", "InvalidResourceName"),
    ("vnet", {"location": "nowhere"}, "location", "LocationNotAvailableForResourceType"),
    ("vnet", {"subnets": []}, "subnets", "is set by Azure"),
    ("vnet", {"addressSpace.addressPrefixes": ["10.0.0.1/16"]}, "addressSpace.addressPrefixes", "InvalidCIDRNotation"),
    ("vnet", {"addressSpace.addressPrefixes": ["10.0/16"]}, "addressSpace.addressPrefixes", "InvalidAddressPrefixFormat"),
    ("vnet", {"addressSpace.addressPrefixes": ["169.254.0.0/16"]}, "addressSpace.addressPrefixes", "NotAllowed"),
    ("masters", {"addressPrefix": "10.0.0.0/30"}, "addressPrefix", "NetcfgInvalidSubnet"),
    ("masters", {"addressPrefix": MISSING}, "addressPrefix", "NetcfgInvalidSubnet"),
    ("masters", {"natGatewayId": "x"}, "natGatewayId", "knows no property"),
    ("masters", {"privateLinkServiceNetworkPolicies": "off"}, "privateLinkServiceNetworkPolicies", "one of Enabled"),
    ("masters", {"defaultOutboundAccess": "no"}, "defaultOutboundAccess", "must be a boolean"),
    ("address", {"sku": MISSING}, "sku.name", "IPv4BasicSkuPublicIpCountLimitReached"),
    ("address", {"publicIPAllocationMethod": "Dynamic"}, "publicIPAllocationMethod", "Static"),
    ("gateway", {"sku": MISSING}, "sku", "missing required"),
    ("gateway", {"idleTimeoutInMinutes": 3}, "idleTimeoutInMinutes", "between 4 and 120"),
    ("nsg", {"securityRules.0.priority": 99}, "securityRules[0].priority", "SecurityRuleInvalidPriority"),
    ("nsg", {"securityRules.1.priority": 100}, "securityRules[1].priority", "SecurityRuleConflict"),
    ("nsg", {"securityRules.0.destinationPortRange": "70000"}, "securityRules[0].destinationPortRange", "InvalidPortRange"),
    ("nsg", {"securityRules.0.sourceAddressPrefix": "10.0.0.1/8"}, "securityRules[0].sourceAddressPrefix", "InvalidAddress"),
    ("nsg", {"securityRules.0.sourcePortRange": MISSING}, "securityRules[0].sourcePortRange", "neither"),
    ("nsg", {"securityRules.0.protocol": "TCP"}, "securityRules[0].protocol", "one of Tcp"),
    ("rp_role", {"roleAssignmentName": "not-a-guid"}, "roleAssignmentName", "InvalidRoleAssignmentId"),
    ("rp_role", {"principalId": "me"}, "principalId", "InvalidPrincipalId"),
    ("rp_role", {"principalType": "Robot"}, "principalType", "one of User"),
    ("rp_role", {"roleDefinitionId": "Contributor"}, "roleDefinitionId", "InvalidRoleDefinitionId"),
    ("cluster", {"clusterProfile.domain": "1hub"}, "clusterProfile.domain", "The provided domain '1hub' is invalid"),
    ("cluster", {"clusterProfile.domain": "a.b.eastus2.aroapp.io"}, "clusterProfile.domain", "is invalid"),
    ("cluster", {"clusterProfile.version": "4.20"}, "clusterProfile.version", "The requested OpenShift version"),
    ("cluster", {"clusterProfile.pullSecret": "text"}, "clusterProfile.pullSecret", "pull secret is invalid"),
    ("cluster", {"clusterProfile.pullSecret": ""}, "clusterProfile.pullSecret", "leave the property out"),
    ("cluster", {"clusterProfile.fipsValidatedModules": MISSING}, "clusterProfile.fipsValidatedModules", "missing required"),
    ("cluster", {"clusterProfile.resourceGroupId": "machines"}, "clusterProfile.resourceGroupId", "is invalid"),
    ("cluster", {"clusterProfile.resourceGroupId": GROUP}, "clusterProfile.resourceGroupId", "must be different"),
    (
        "cluster",
        {"clusterProfile.resourceGroupId": MANAGED.replace("0001", "0009")},
        "clusterProfile.resourceGroupId",
        "same subscription",
    ),
    ("cluster", {"masterProfile.vmSize": "Standard_D4s_v5"}, "masterProfile.vmSize", "invalid for the 'master' role"),
    ("cluster", {"workerProfiles.0.vmSize": "Standard_DC4as_v5"}, "workerProfiles[0].vmSize", "invalid for the 'worker' role"),
    (
        "cluster",
        {"workerProfiles.0.vmSize": "Standard_D4s_v6", "clusterProfile.version": "4.18.30"},
        "workerProfiles[0].vmSize",
        "invalid for the chosen OpenShift version",
    ),
    ("cluster", {"workerProfiles": []}, "workerProfiles", "exactly one worker profile"),
    ("cluster", {"workerProfiles.0.name": "workers"}, "workerProfiles[0].name", "worker name 'workers'"),
    ("cluster", {"workerProfiles.0.count": 1}, "workerProfiles[0].count", "worker count '1'"),
    ("cluster", {"workerProfiles.0.diskSizeGB": 64}, "workerProfiles[0].diskSizeGB", "worker disk size '64'"),
    ("cluster", {"workerProfiles.0.encryptionAtHost": MISSING}, "workerProfiles[0].encryptionAtHost", "missing required"),
    ("cluster", {"workerProfiles.0.subnetId": f"{VNET}/subnets/control-plane"}, "workerProfiles[0].subnetId", "must be different"),
    ("cluster", {"workerProfiles.0.subnetId": f"{VNET}2/subnets/workers"}, "workerProfiles[0].subnetId", "same vnet"),
    ("cluster", {"ingressProfiles": []}, "ingressProfiles", "exactly one ingress profile"),
    ("cluster", {"ingressProfiles.0.name": "apps"}, "ingressProfiles[0].name", "ingress name 'apps'"),
    ("cluster", {"networkProfile.podCidr": "10.128.0.0/19"}, "networkProfile.podCidr", "/18 or larger"),
    ("cluster", {"networkProfile.podCidr": "100.64.0.0/14"}, "networkProfile.podCidr", "InvalidCIDRRange"),
    ("cluster", {"networkProfile.serviceCidr": "172.30.1.0/16"}, "networkProfile.serviceCidr", "InvalidNetworkAddress"),
    ("cluster", {"networkProfile.outboundType": "NatGateway"}, "networkProfile.outboundType", "one of Loadbalancer"),
    ("cluster", {"networkProfile.outboundType": "UserDefinedRouting"}, "networkProfile.outboundType", "is public"),
    ("cluster", {"servicePrincipalProfile.clientId": "me"}, "servicePrincipalProfile.clientId", "client ID 'me'"),
    ("cluster", {"provisioningState": "Succeeded"}, "provisioningState", "is set by Azure"),
]  # fmt: skip


@pytest.mark.parametrize(("which", "change", "where", "words"), BY_ITSELF)
def test_a_request_that_is_wrong_by_itself_is_told_in_the_preview(zone: Zone, which, change, where, words):
    failures = zone.azure.check(ZONE[which][0], which, spoiled(which, change))
    assert [failure for failure in failures if failure.property == where and words in failure.reason], (
        failures
    )


@pytest.mark.parametrize("which", ZONE)
def test_what_the_program_sends_is_taken_known_or_not(zone: Zone, which):
    type_, inputs = ZONE[which]
    assert zone.azure.check(type_, which, inputs) == []
    assert zone.azure.check(type_, which, dict.fromkeys(inputs, UNKNOWN)) == []


def test_a_type_nobody_taught_the_stand_in_is_a_failure(zone: Zone):
    assert "knows no resource type" in zone.azure.check("azure-native:cache:Redis", "x", {})[0].reason


# (what is made before, resource, change, code): rules on a request against what is there
AGAINST_THE_CLOUD = [
    (None, "vnet", {}, "ResourceGroupNotFound"),
    ("group", "workers", {}, "ParentResourceNotFound"),
    ("group", "gateway", {}, "InvalidResourceReference"),
    ("vnet", "masters", {"addressPrefix": "10.1.0.0/24"}, "NetcfgSubnetRangeOutsideVnet"),
    ("workers", "pods", {"addressPrefix": "10.0.64.0/24"}, "NetcfgSubnetRangesOverlap"),
    ("workers", "pods", {"natGateway.id": f"{NETWORK}/natGateways/none"}, "InvalidResourceReference"),
    ("gateway", "gateway", {"natGatewayName": "second"}, "PublicIPAddressInUse"),
    ("gateway", "gateway", {"natGatewayName": "far", "location": "westeurope"}, "InvalidResourceReference"),
    ("vnet", "vnet", {"tags": {}}, "ResourceAlreadyExists"),
    ("pods", "rp_role", {"scope": f"{NETWORK}/natGateways/none"}, "ResourceNotFound"),
    ("pods", "rp_role", {"principalId": "f1dd0a37-89c6-4e07-bcd1-ffd3d43d8875"}, "PrincipalNotFound"),
    (
        "pods",
        "rp_role",
        {"roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{CLIENT}"},
        "RoleDefinitionDoesNotExist",
    ),
    ("rp_role", "rp_role", {"roleAssignmentName": CLIENT}, "RoleAssignmentExists"),
    ("pods", "cluster", {}, "InvalidServicePrincipalPermissions"),
    ("cluster_role", "cluster", {}, "InvalidResourceProviderPermissions"),
    ("rp_role", "cluster", {"servicePrincipalProfile.clientId": RP_PRINCIPAL}, "InvalidResourceProviderPermissions"),
    ("rp_role", "cluster", {"workerProfiles.0.subnetId": f"{VNET}/subnets/none"}, "InvalidLinkedVNet"),
    ("rp_role", "cluster", {"workerProfiles.0.subnetId": f"{VNET}/subnets/peer-pods"}, "InvalidServicePrincipalPermissions"),
    ("rp_role", "cluster", {"networkProfile.podCidr": "10.0.0.0/14"}, "InvalidLinkedVNet"),
    ("rp_role", "cluster", {"location": "westeurope"}, "InvalidLinkedVNet"),
    ("rp_role", "cluster", {"networkProfile.preconfiguredNSG": "Enabled"}, "InvalidLinkedVNet"),
    ("cluster", "cluster", {"resourceName": "b"}, "DuplicateDomain"),
    ("cluster", "cluster", {"resourceName": "b", "clusterProfile.domain": "hub-b"}, "DuplicateClientID"),
    (
        "cluster",
        "cluster",
        {"resourceName": "b", "clusterProfile.domain": "hub-b", "servicePrincipalProfile.clientId": CLUSTER_PRINCIPAL},
        "DuplicateResourceGroup",
    ),
    ("cluster", "nsg", {"resourceGroupName": "coco-hub_managed"}, "DenyAssignmentAuthorizationFailed"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "which", "change", "code"), AGAINST_THE_CLOUD)
def test_what_the_cloud_does_not_allow_is_refused_and_changes_nothing(
    zone: Zone, before, which, change, code
):
    if before:
        zone.make_all(until=before)
    there = zone.azure.resources()
    with pytest.raises(Refused) as refused:
        zone.make(which, change)
    assert refused.value.code == code
    assert zone.azure.resources() == there


def test_ids_are_the_same_whatever_their_case(zone: Zone):
    zone.make_all(until="vnet")
    zone.make(
        "masters", {"resourceGroupName": "COCO-HUB", "natGateway": {"id": f"{NETWORK}/natgateways/NAT"}}
    )


def test_the_machines_group_of_a_cluster_must_not_be_there_yet(zone: Zone):
    zone.make_all(until="rp_role")
    zone.make("group", {"resourceGroupName": "coco-hub_managed"})
    with pytest.raises(Refused, match="ClusterResourceGroupAlreadyExists"):
        zone.make("cluster")


def test_a_grant_without_the_principals_type_is_one_to_a_user(zone: Zone):
    zone.make_all(until="cluster_role")
    zone.make("rp_role", {"principalType": MISSING})
    with pytest.raises(Refused, match="The resource provider service principal"):
        zone.make("cluster")


def test_rights_on_the_network_do_not_reach_a_nat_gateway_beside_it(zone: Zone):
    zone.make_all(until="pods")
    gateway = {"natGateway": {"id": f"{NETWORK}/natGateways/nat"}}
    zone.make("workers", {"subnetName": "nodes", "addressPrefix": "10.0.192.0/24", **gateway})
    zone.make("cluster_role")
    zone.make("rp_role")
    nodes = {"workerProfiles.0.subnetId": f"{VNET}/subnets/nodes"}
    with pytest.raises(Refused, match="required permissions on nat gateway"):
        zone.make("cluster", nodes)
    for number, principal in enumerate((CLUSTER_PRINCIPAL, RP_PRINCIPAL)):
        name = f"{CLIENT[:-1]}{number}"
        zone.make("rp_role", {"scope": GROUP, "principalId": principal, "roleAssignmentName": name})
    zone.make("cluster", nodes)


# (resource, change, code): changes of what is there; without a code, one that Azure makes
CHANGES = [
    ("cluster", {"clusterProfile.version": "4.20.16"}, "PropertyChangeNotAllowed"),
    ("cluster", {"clusterProfile.version": MISSING}, None),
    ("cluster", {"clusterProfile.pullSecret": '{"auths": {}}'}, "PropertyChangeNotAllowed"),
    ("cluster", {"clusterProfile.pullSecret": MISSING}, None),
    (
        "cluster",
        {"clusterProfile.resourceGroupId": MANAGED.replace("groups", "Groups")},
        "PropertyChangeNotAllowed",
    ),
    ("cluster", {"workerProfiles.0.count": 4}, "PropertyChangeNotAllowed"),
    ("cluster", {"networkProfile.loadBalancerProfile": MISSING}, "PropertyChangeNotAllowed"),
    ("cluster", {"networkProfile.loadBalancerProfile.managedOutboundIps.count": 2}, None),
    ("cluster", {"networkProfile.preconfiguredNSG": MISSING}, "PropertyChangeNotAllowed"),
    ("cluster", {"servicePrincipalProfile": {"clientId": RP_PRINCIPAL, "clientSecret": "new"}}, None),
    ("cluster", {"tags": {"environment": "test"}}, None),
    ("cluster", {"masterProfile.subnetId": UNKNOWN}, None),
    ("gateway", {"location": "westeurope"}, "InvalidResourceLocation"),
    ("vnet", {"addressSpace.addressPrefixes": ["10.0.0.0/17"]}, "NetcfgSubnetRangeOutsideVnet"),
    ("vnet", {"addressSpace.addressPrefixes": ["10.0.0.0/16", "10.1.0.0/16"]}, None),
    ("vnet", {"addressSpace.addressPrefixes": UNKNOWN}, None),
    ("workers", {"addressPrefix": "10.0.64.0/19"}, "InUseSubnetCannotBeUpdated"),
    ("workers", {"addressPrefix": UNKNOWN}, None),
]


@pytest.mark.parametrize(("which", "change", "code"), CHANGES)
def test_a_change_azure_does_not_make_is_refused_in_the_preview_already(whole: Zone, which, change, code):
    previews = (True, False) if UNKNOWN not in change.values() else (True,)
    for preview in previews:
        if code is None:
            whole.change(which, change, preview=preview)
        else:
            with pytest.raises(Refused) as refused:
                whole.change(which, change, preview=preview)
            assert refused.value.code == code


# (what is deleted, code while the rest is there)
IN_USE = [
    ("address", "PublicIPAddressCannotBeDeleted"),
    ("gateway", "CannotDeleteNatGatewayAssociatedToSubnet"),
    ("nsg", "InUseNetworkSecurityGroupCannotBeDeleted"),
    ("workers", "InUseSubnetCannotBeDeleted"),
    ("vnet", "InUseSubnetCannotBeDeleted"),
]


@pytest.mark.parametrize(("which", "code"), IN_USE)
def test_what_is_in_use_cannot_be_deleted(whole: Zone, which, code):
    there = whole.azure.resources()
    with pytest.raises(Refused) as refused:
        whole.unmake(which)
    assert refused.value.code == code
    assert whole.azure.resources() == there


@pytest.mark.parametrize("role", ["cluster_role", "rp_role"])
def test_a_cluster_whose_role_assignments_are_gone_cannot_be_deleted(whole: Zone, role):
    whole.unmake(role)
    with pytest.raises(Refused, match="InvalidLinkedSubnet: Failed to update subnet"):
        whole.unmake("cluster")
    whole.make(role)
    whole.unmake("cluster")


def test_deleting_in_reverse_leaves_nothing(whole: Zone):
    for which in reversed(ZONE):
        whole.unmake(which)
        whole.unmake(which)
    assert whole.azure.resources() == []


def test_a_function_nobody_taught_the_stand_in_is_refused(zone: Zone):
    with pytest.raises(Refused, match="knows no function"):
        zone.azure.invoke("azure-native:network:getLoadBalancer", {})


def test_a_group_that_is_not_there_has_nothing_to_read(zone: Zone):
    arguments = {"resourceGroupName": "none", "virtualNetworkName": "v", "subnetName": "s"}
    with pytest.raises(Refused, match="Resource group 'none' could not be found"):
        zone.azure.invoke("azure-native:network:getSubnet", arguments)
