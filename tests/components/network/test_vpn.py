"""Invariants of Vpn: one gateway, one connection for each site and for each gateway that is there, and keys that stay secret."""

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.network.vpn import Vpn, VpnArgs
from components.vpn_site import Site
from tests.answers import SUBSCRIPTION
from tests.harness import Graph, Secret, deploy

OTHER = "00000000-0000-4000-8000-000000000021"
NETWORK = f"/subscriptions/{OTHER}/resourceGroups/coco-hub/providers/Microsoft.Network"
GATEWAY = f"{NETWORK}/virtualNetworkGateways/coco-hub-vpn"
KEYS = {"lab": "canary-key-of-lab", "hub": "canary-key-of-hub"}
END = {
    "name": "default",
    "subnet": {"id": f"{NETWORK}/virtualNetworks/coco-hub-vnet/subnets/GatewaySubnet"},
    "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/coco-hub-vpn-ip"},
}
SITE = Site(address="203.0.113.10", ranges=("192.168.0.0/16",))


def _vpn(
    *,
    sites: dict[str, Site] | None = None,
    gateways: dict[str, str] | None = None,
    asn: int | None = None,
    ends: list[Any] | None = None,
    address: str | None = "198.51.100.7",
    ranges: tuple[str, ...] = ("10.4.0.0/16", "fd00::/48"),
) -> Graph:
    def program() -> dict[str, Any]:
        args = VpnArgs(
            gateway_name="coco-x-vpn",
            resource_group_name="coco-x",
            location="eastus2",
            vnet_name="coco-x-vnet",
            own_range="10.8.0.0/16",
            subnet="10.8.192.0/27",
            sku="VpnGw1AZ",
            asn=asn,
            sites=sites or {},
            gateways=gateways or {},
            keys=pulumi.Output.secret(KEYS),
            subscription_id=SUBSCRIPTION,
            tenant_id="t",
            tags={"environment": "test"},
        )
        vpn = Vpn("vpn", args)
        return {"address": vpn.address, "connected": list(vpn.connected)}

    return deploy(
        program,
        invokes={
            "azure-native:network:getVirtualNetworkGateway": {
                "ipConfigurations": [END] if ends is None else ends
            },
            "azure-native:network:getPublicIPAddress": {"ipAddress": address},
            "azure-native:network:getVirtualNetwork": {"addressSpace": {"addressPrefixes": list(ranges)}},
        },
    )


def _connections(graph: Graph) -> list[Any]:
    return graph.of_type("azure-native:network:VirtualNetworkGatewayConnection")


def test_a_connection_leads_to_its_site_with_the_key_of_its_own() -> None:
    graph = _vpn(sites={"lab": SITE})
    (connection,) = _connections(graph)
    assert connection.inputs["sharedKey"] == Secret(KEYS["lab"])
    assert connection.uses["virtualNetworkGateway1"] == {"vpn-gateway"}
    assert connection.uses["localNetworkGateway2"] == {"vpn-site-lab"}
    site = graph["vpn-site-lab"].inputs
    assert site["gatewayIpAddress"] == SITE.address
    assert site["localNetworkAddressSpace"] == {"addressPrefixes": list(SITE.ranges)}


def test_a_key_is_secret_as_input_and_as_output() -> None:
    (connection,) = _connections(_vpn(sites={"lab": SITE}))
    assert isinstance(connection.inputs["sharedKey"], Secret)
    assert "sharedKey" in connection.secret_outputs


def test_no_connection_agrees_to_less_than_it_proposes() -> None:
    """Without a policy of its own Azure takes 3DES with SHA1 and DHGroup2 too."""
    for connection in _connections(_vpn(sites={"lab": SITE}, gateways={"hub": GATEWAY})):
        (policy,) = connection.inputs["ipsecPolicies"]
        algorithms = {name: value for name, value in policy.items() if isinstance(value, str)}
        assert algorithms == {
            "ikeEncryption": "AES256",
            "ikeIntegrity": "SHA384",
            "dhGroup": "ECP384",
            "ipsecEncryption": "GCMAES256",
            "ipsecIntegrity": "GCMAES256",
            "pfsGroup": "ECP384",
        }
        assert connection.inputs["connectionProtocol"] == "IKEv2"


def test_a_gateway_in_azure_is_a_site_with_its_address_and_the_ranges_of_its_network() -> None:
    graph = _vpn(gateways={"hub": GATEWAY})
    site = graph["vpn-site-hub"].inputs
    assert (site["gatewayIpAddress"], site["localNetworkAddressSpace"]["addressPrefixes"]) == (
        "198.51.100.7",
        ["10.4.0.0/16"],
    )
    (connection,) = _connections(graph)
    assert connection.inputs["connectionType"] == "IPsec"
    assert connection.inputs["sharedKey"] == Secret(KEYS["hub"])
    assert graph.exports["connected"] == [GATEWAY]


def test_a_gateway_of_another_subscription_is_read_there() -> None:
    graph = _vpn(gateways={"hub": GATEWAY})
    (provider,) = graph.of_type("pulumi:providers:azure-native")
    assert provider.inputs["subscriptionId"] == OTHER


@pytest.mark.parametrize("ends", [[], [{"name": "default"}]])
def test_a_gateway_without_a_public_address_is_refused(ends: list[Any]) -> None:
    with pytest.raises(Exception, match="coco-hub-vpn has no public address"):
        _vpn(gateways={"hub": GATEWAY}, ends=ends)


def test_a_gateway_whose_network_overlaps_is_refused_before_anything_is_made() -> None:
    with pytest.raises(
        Exception, match=r"leads to 10.8.128.0/17, which overlaps coco:network.cidr 10.8.0.0/16"
    ):
        _vpn(gateways={"hub": GATEWAY}, ranges=("10.4.0.0/16", "10.8.128.0/17"))


@pytest.mark.parametrize(("address", "ranges"), [(None, ("10.4.0.0/16",)), ("198.51.100.7", ())])
def test_a_gateway_that_is_only_half_there_waits(address: str | None, ranges: tuple[str, ...]) -> None:
    graph = _vpn(gateways={"hub": GATEWAY}, address=address, ranges=ranges)
    assert _connections(graph) == []
    assert graph.exports["connected"] == []


def _refused(words: str) -> Any:
    def read(**_arguments: Any) -> SimpleNamespace:
        raise Exception(words)  # noqa: TRY002 -- as the SDK raises it

    return read


def test_a_gateway_that_is_not_there_yet_waits_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = 'Status=404 Code="ResourceNotFound" Message="It was not found."'
    monkeypatch.setattr("pulumi_azure_native.network.get_virtual_network_gateway", _refused(absent))
    graph = _vpn(sites={"lab": SITE}, gateways={"hub": GATEWAY})
    assert [each.name for each in _connections(graph)] == ["vpn-to-lab"]
    assert graph.exports["connected"] == []
    assert any(f"gateways.hub: {GATEWAY} is not there yet" in warning for warning in graph.warnings)


def test_a_gateway_that_may_not_be_read_is_not_taken_for_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection would be deleted."""
    refused = _refused('Status=403 Code="AuthorizationFailed"')
    monkeypatch.setattr("pulumi_azure_native.network.get_virtual_network_gateway", refused)
    with pytest.raises(Exception, match="needs the role Reader on the gateway"):
        _vpn(gateways={"hub": GATEWAY})


def test_bgp_is_spoken_with_those_sites_alone_that_have_a_speaker() -> None:
    speaker = Site(address="203.0.113.11", ranges=(), bgp=(64610, "192.168.0.1"))
    graph = _vpn(sites={"lab": SITE, "hub": speaker}, asn=64620)
    assert graph["vpn-gateway"].inputs["bgpSettings"] == {"asn": 64620}
    assert {each.name: each.inputs["enableBgp"] for each in _connections(graph)} == {
        "vpn-to-lab": False,
        "vpn-to-hub": True,
    }
    site = graph["vpn-site-hub"].inputs
    assert site["bgpSettings"] == {"asn": 64610, "bgpPeeringAddress": "192.168.0.1"}
    assert "localNetworkAddressSpace" not in site


def test_a_gateway_without_bgp_says_nothing_of_it() -> None:
    gateway = _vpn(sites={"lab": SITE})["vpn-gateway"].inputs
    assert gateway["enableBgp"] is False
    assert "bgpSettings" not in gateway


def test_connections_follow_each_other_and_come_after_the_gateway() -> None:
    graph = _vpn(sites={"lab": SITE}, gateways={"hub": GATEWAY})
    first, second = _connections(graph)
    assert "vpn-gateway" in first.depends_on
    assert first.name in second.depends_on


def test_the_gateway_has_the_subnet_that_azure_asks_for_and_an_address_that_stays() -> None:
    graph = _vpn(sites={"lab": SITE})
    assert graph["vpn-subnet"].inputs["subnetName"] == "GatewaySubnet"
    assert graph["vpn-subnet"].inputs["addressPrefix"] == "10.8.192.0/27"
    assert graph["vpn-ip"].inputs["publicIPAllocationMethod"] == "Static"
    (end,) = graph["vpn-gateway"].inputs["ipConfigurations"]
    assert set(end) == {"name", "privateIPAllocationMethod", "subnet", "publicIPAddress"}
