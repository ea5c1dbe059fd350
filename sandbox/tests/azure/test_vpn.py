"""What Azure refuses of VPN gateways, their connections and private DNS zones, and in which order they go."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sandbox.provider import Refused
from sandbox.tests.azure.zone import NETWORK, VNET, Zone

_IN: dict[str, Any] = {"resourceGroupName": "coco-hub", "location": "eastus2"}
_END = {
    "name": "default",
    "subnet": {"id": f"{VNET}/subnets/GatewaySubnet"},
    "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/vpn-ip"},
}
_POLICY = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "ECP384",
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "pfsGroup": "ECP384",
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
}
_ZONE = f"{NETWORK}/privateDnsZones/kbs.example.com"
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "subnet": (
        "azure-native:network:Subnet",
        {
            "resourceGroupName": "coco-hub",
            "virtualNetworkName": "coco-hub-vnet",
            "subnetName": "GatewaySubnet",
            "addressPrefix": "10.0.192.0/27",
        },
    ),
    "address": (
        "azure-native:network:PublicIPAddress",
        {
            **_IN,
            "publicIpAddressName": "vpn-ip",
            "sku": {"name": "Standard"},
            "publicIPAllocationMethod": "Static",
        },
    ),
    "gateway": (
        "azure-native:network:VirtualNetworkGateway",
        {
            **_IN,
            "virtualNetworkGatewayName": "vpn",
            "gatewayType": "Vpn",
            "vpnType": "RouteBased",
            "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
            "enableBgp": False,
            "ipConfigurations": [_END],
        },
    ),
    "site": (
        "azure-native:network:LocalNetworkGateway",
        {
            **_IN,
            "localNetworkGatewayName": "lab",
            "gatewayIpAddress": "203.0.113.10",
            "localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/16"]},
        },
    ),
    "connection": (
        "azure-native:network:VirtualNetworkGatewayConnection",
        {
            **_IN,
            "virtualNetworkGatewayConnectionName": "lab",
            "connectionType": "IPsec",
            "connectionProtocol": "IKEv2",
            "virtualNetworkGateway1": {"id": f"{NETWORK}/virtualNetworkGateways/vpn"},
            "localNetworkGateway2": {"id": f"{NETWORK}/localNetworkGateways/lab"},
            "sharedKey": "CANARY-key",
            "enableBgp": False,
            "ipsecPolicies": [_POLICY],
        },
    ),
    "zone": (
        "azure-native:privatedns:PrivateZone",
        {"resourceGroupName": "coco-hub", "location": "global", "privateZoneName": "kbs.example.com"},
    ),
    "record": (
        "azure-native:privatedns:PrivateRecordSet",
        {
            "resourceGroupName": "coco-hub",
            "privateZoneName": "kbs.example.com",
            "recordType": "A",
            "relativeRecordSetName": "@",
            "ttl": 300,
            "aRecords": [{"ipv4Address": "192.168.10.20"}],
        },
    ),
    "link": (
        "azure-native:privatedns:VirtualNetworkLink",
        {
            "resourceGroupName": "coco-hub",
            "location": "global",
            "privateZoneName": "kbs.example.com",
            "virtualNetworkLinkName": "spoke",
            "registrationEnabled": False,
            "virtualNetwork": {"id": VNET},
        },
    ),
}


class _Vpn:
    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.made: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {}

    def make(self, which: str, changes: dict[str, Any] | None = None) -> dict[str, Any]:
        type_, inputs = PARTS[which][0], copy.deepcopy(PARTS[which][1]) | (changes or {})
        if failures := self.zone.azure.check(type_, which, inputs):
            raise Refused("Check", "; ".join(failure.reason for failure in failures))
        id_, outputs = self.zone.azure.create(type_, which, inputs, None)
        self.made[which] = (id_, inputs, outputs)
        return outputs

    def unmake(self, which: str) -> None:
        id_, inputs, outputs = self.made[which]
        self.zone.azure.delete(PARTS[which][0], id_, inputs, outputs, None)


@pytest.fixture
def vpn(zone: Zone) -> _Vpn:
    zone.make_all(until="pods")
    return _Vpn(zone)


@pytest.fixture
def whole(vpn: _Vpn) -> _Vpn:
    for which in PARTS:
        vpn.make(which)
    return vpn


def test_all_of_it_is_made_and_goes_in_the_opposite_order(whole: _Vpn) -> None:
    for which in reversed(PARTS):
        whole.unmake(which)
    assert not [
        each for each in whole.zone.azure.resources() if "vpn" in each.lower() or "privateDns" in each
    ]


@pytest.mark.parametrize(
    ("which", "code"),
    [
        ("subnet", "InUseSubnetCannotBeDeleted"),
        ("address", "PublicIPAddressCannotBeDeleted"),
        ("gateway", "VirtualNetworkGatewayCannotBeDeleted"),
        ("site", "LocalNetworkGatewayInUse"),
        ("zone", "CannotDeleteResource"),
    ],
)
def test_what_is_in_use_cannot_go(whole: _Vpn, which: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        whole.unmake(which)


@pytest.mark.parametrize(
    ("which", "changes", "said"),
    [
        ("gateway", {"sku": {"name": "VpnGw1", "tier": "VpnGw1"}}, "must be one of VpnGw1AZ"),
        ("gateway", {"bgpSettings": {"asn": 12076}}, "InvalidBgpAsn"),
        ("gateway", {"ipConfigurations": [_END | {"subnet": {"id": f"{VNET}/subnets/workers"}}]}, "SubnetNameNotValidForGateway"),
        ("gateway", {"ipConfigurations": [_END | {"publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/none"}}]}, "InvalidResourceReference"),
        ("site", {"localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.1/16"]}}, "InvalidCIDRNotation"),
        ("site", {"gatewayIpAddress": "224.0.0.1"}, "InvalidGatewayIpAddress"),
        ("site", {"bgpSettings": {"asn": 65515, "bgpPeeringAddress": "192.168.0.1"}}, "InvalidBgpAsn"),
        ("connection", {"sharedKey": "x" * 129}, "InvalidSharedKey"),
        ("connection", {"ipsecPolicies": [_POLICY | {"ipsecIntegrity": "SHA256"}]}, "InvalidIpsecPolicy"),
        ("connection", {"enableBgp": True}, "ConnectionBgpNotSupported"),
        ("connection", {"localNetworkGateway2": {"id": f"{NETWORK}/localNetworkGateways/none"}}, "InvalidResourceReference"),
        ("zone", {"privateZoneName": "kbs"}, "at least two labels"),
        ("record", {"aRecords": [{"ipv4Address": "kbs"}]}, "is no IPv4 address"),
        ("link", {"virtualNetwork": {"id": f"{VNET}x"}}, "was not found"),
    ],
)  # fmt: skip
def test_what_azure_refuses_is_refused(vpn: _Vpn, which: str, changes: dict[str, Any], said: str) -> None:
    for part in PARTS:
        if part == which:
            with pytest.raises(Refused, match=said):
                vpn.make(part, changes)
            return
        vpn.make(part)


def test_a_site_without_ranges_needs_bgp(vpn: _Vpn) -> None:
    changes = {"localNetworkAddressSpace": None}
    with pytest.raises(Refused, match="LocalNetworkGatewayAddressSpaceRequired"):
        vpn.make("site", changes)
    vpn.make("site", changes | {"bgpSettings": {"asn": 64610, "bgpPeeringAddress": "192.168.0.1"}})


def test_a_network_has_one_gateway_and_its_subnet_no_security_group(whole: _Vpn) -> None:
    whole.make("address", {"publicIpAddressName": "other"})
    end = _END | {"publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/other"}}
    with pytest.raises(Refused, match="MultipleVirtualNetworkGatewaysNotAllowed"):
        whole.make("gateway", {"virtualNetworkGatewayName": "second", "ipConfigurations": [end]})


@pytest.mark.parametrize(
    "attached",
    [
        {"networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/pods"}},
        {"natGateway": {"id": f"{NETWORK}/natGateways/nat"}},
    ],
)
def test_the_subnet_of_a_gateway_has_neither_security_group_nor_nat_gateway(
    vpn: _Vpn, attached: dict[str, Any]
) -> None:
    vpn.make("subnet", attached)
    vpn.make("address")
    with pytest.raises(Refused, match="InvalidGatewaySubnet"):
        vpn.make("gateway")


def test_a_network_sees_one_zone_of_a_name(whole: _Vpn) -> None:
    with pytest.raises(Refused, match="cannot be linked to multiple zones"):
        whole.make("link", {"virtualNetworkLinkName": "again"})


def test_the_key_is_neither_stored_nor_answered(whole: _Vpn) -> None:
    assert "CANARY" not in (whole.zone.directory / "azure.json").read_text()
    assert "CANARY" not in str(whole.made["connection"][2])
