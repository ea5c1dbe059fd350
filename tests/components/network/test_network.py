"""Invariants of Network and NatEgress."""

from functools import cache
from ipaddress import IPv4Network

import pytest

from components.network.egress import NatEgress, NatEgressArgs
from components.network.vnet import Network, NetworkArgs
from model.azure import addresses
from tests.harness import Graph, deploy

CIDR = IPv4Network("10.4.0.0/16")


@cache
def _network(*, peer_pods: bool, nodes_public: bool | None = None) -> Graph:
    """Not to be changed."""

    def program() -> None:
        egress = NatEgress(
            "egress",
            NatEgressArgs(name_prefix="coco-x", resource_group_name="coco-x", location="eastus2", tags={}),
        )
        Network(
            "network",
            NetworkArgs(
                name_prefix="coco-x",
                resource_group_name="coco-x",
                location="eastus2",
                cidr=str(CIDR),
                plan=addresses.plan(CIDR, peer_pods=peer_pods),
                nat_gateway_id=egress.nat_gateway_id if peer_pods else None,
                nodes_public=nodes_public,
                tags={"environment": "test"},
            ),
        )

    return deploy(program)


@pytest.mark.parametrize("peer_pods", [True, False])
def test_no_subnet_gets_outbound_access_by_default(peer_pods: bool) -> None:
    subnets = _network(peer_pods=peer_pods).of_type("azure-native:network:Subnet")
    assert len(subnets) == (3 if peer_pods else 2)
    assert [subnet.inputs["defaultOutboundAccess"] for subnet in subnets] == [False] * len(subnets)


def test_only_the_peer_pod_subnet_leaves_through_the_nat_gateway() -> None:
    graph = _network(peer_pods=True)
    with_nat = [s.name for s in graph.of_type("azure-native:network:Subnet") if "natGateway" in s.inputs]
    assert with_nat == ["network-peer-pods"]
    assert graph["network-peer-pods"].uses["natGateway"] == {"egress-gateway"}


def test_destroy_takes_the_subnet_before_gateway_and_security_group() -> None:
    assert {"egress-gateway", "egress-ip", "network-peer-pods-nsg"} <= _network(peer_pods=True).reaches(
        "network-peer-pods"
    )


def test_that_the_gateway_writes_itself_into_its_address_is_no_drift() -> None:
    assert _network(peer_pods=True)["egress-ip"].ignore_changes == ["natGateway"]


def test_the_subnets_are_written_one_after_the_other() -> None:
    graph = _network(peer_pods=True)
    assert "network-control-plane" in graph["network-workers"].depends_on
    assert "network-workers" in graph["network-peer-pods"].depends_on


def test_what_aro_writes_on_the_cluster_subnets_is_left_alone() -> None:
    graph = _network(peer_pods=True)
    for name in ("network-control-plane", "network-workers"):
        assert set(graph[name].ignore_changes) == {
            "networkSecurityGroup",
            "serviceEndpoints",
            "privateLinkServiceNetworkPolicies",
        }
        assert "networkSecurityGroup" not in graph[name].inputs, "ARO refuses a subnet that brings its own"


def test_a_change_of_the_vnet_never_touches_its_subnets() -> None:
    vnet = _network(peer_pods=True)["network-vnet"]
    assert "subnets" not in vnet.inputs
    assert vnet.ignore_changes == ["subnets"]


def test_a_peer_pod_is_reached_by_the_workers_agent_and_tunnel_only() -> None:
    graph = _network(peer_pods=True)
    rules = sorted(graph["network-peer-pods-nsg"].inputs["securityRules"], key=lambda rule: rule["priority"])
    plan = addresses.plan(CIDR, peer_pods=True)
    allowed = [
        (r["protocol"], r["destinationPortRange"], r["sourceAddressPrefix"], r["destinationAddressPrefix"])
        for r in rules
        if r["access"] == "Allow"
    ]
    assert allowed == [
        ("Tcp", "15150", str(plan.workers), str(plan.peer_pods)),
        ("Udp", "9000", str(plan.workers), str(plan.peer_pods)),
    ]
    assert (rules[-1]["access"], rules[-1]["sourceAddressPrefix"], rules[-1]["destinationPortRange"]) == (
        "Deny",
        "*",
        "*",
    )
    assert all(rule["direction"] == "Inbound" for rule in rules)


def test_the_gateway_has_one_static_standard_address() -> None:
    graph = _network(peer_pods=True)
    address = graph["egress-ip"].inputs
    assert (address["sku"]["name"], address["publicIPAllocationMethod"]) == ("Standard", "Static")
    assert graph["egress-gateway"].inputs["sku"] == {"name": "Standard"}
    assert graph["egress-gateway"].uses["publicIpAddresses"] == {"egress-ip"}


@pytest.mark.parametrize(("public", "everybody"), [(True, "*"), (False, "VirtualNetwork")])
def test_from_other_networks_nodes_are_reached_at_api_and_ingress_and_nowhere_else(
    public: bool, everybody: str
) -> None:
    """Azure counts a connected network as the same one, and OpenShift guards some ports of nodes by the network alone."""
    graph = _network(peer_pods=True, nodes_public=public)
    for subnet in ("control-plane", "workers"):
        assert graph[f"network-{subnet}"].uses["networkSecurityGroup"] == {"network-nodes-nsg"}
        assert "networkSecurityGroup" not in graph[f"network-{subnet}"].ignore_changes
    rules = sorted(graph["network-nodes-nsg"].inputs["securityRules"], key=lambda rule: rule["priority"])
    assert [
        (rule["access"], rule["sourceAddressPrefix"], rule["protocol"], rule["destinationPortRange"])
        for rule in rules
    ] == [
        ("Allow", str(CIDR), "*", "*"),
        ("Allow", everybody, "Tcp", "6443"),
        ("Allow", everybody, "Tcp", "443"),
        ("Allow", everybody, "Tcp", "80"),
        ("Deny", "VirtualNetwork", "*", "*"),
    ]
    assert {rule["direction"] for rule in rules} == {"Inbound"}
    assert len({rule["priority"] for rule in rules}) == len(rules)


def test_aro_finds_no_group_on_the_subnets_of_its_nodes() -> None:
    graph = _network(peer_pods=True)
    assert "networkSecurityGroup" not in graph["network-control-plane"].inputs
    assert "networkSecurityGroup" not in graph["network-workers"].inputs
    assert "network-nodes-nsg" not in graph
