"""Invariants of ExistingNetwork: what is there is read and checked, and nothing of it is written."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.network.existing import ExistingNetwork, ExistingNetworkArgs
from tests.harness import Graph, deploy

GROUP = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/net/providers/Microsoft.Network"
VNET = f"{GROUP}/virtualNetworks/zone"
GATEWAY = {"natGateway": {"id": f"{GROUP}/natGateways/out"}}
SUBNETS: Mapping[str, dict[str, Any]] = {
    "control": {"addressPrefix": "10.96.0.0/27"},
    "workers": {"addressPrefix": "10.96.2.0/23"},
    "guests": {"addressPrefix": "10.96.4.0/24", **GATEWAY},
}
ARO_OWN = "/subscriptions/s/resourceGroups/coco-x_aro/providers/Microsoft.Network/networkSecurityGroups/x-nsg"


def declare(
    subnets: Mapping[str, dict[str, Any]] | None = None,
    *,
    vnet: dict[str, Any] | None = None,
    peer_pods: int = 30,
    by_routes: bool = False,
    with_peer_pods: bool = True,
) -> Graph:
    """With other answers of Azure about some subnets, or about the virtual network."""
    answers = {name: {**known, **(subnets or {}).get(name, {})} for name, known in SUBNETS.items()}
    there = {
        "name": "zone",
        "location": "East US 2",
        "addressSpace": {"addressPrefixes": ["10.96.0.0/16"]},
        **(vnet or {}),
    }

    def program() -> dict[str, Any]:
        network = ExistingNetwork(
            "network",
            ExistingNetworkArgs(
                name_prefix="coco-x",
                resource_group_name="coco-x",
                location="eastus2",
                vnet_id=VNET,
                control_plane_subnet="control",
                worker_subnet="workers",
                peer_pod_subnet="guests" if with_peer_pods else None,
                managed_resource_group="coco-x_aro",
                ranges={
                    "cluster.podCidr": IPv4Network("10.128.0.0/14"),
                    "cluster.serviceCidr": IPv4Network("172.30.0.0/16"),
                },
                peer_pods=peer_pods,
                by_routes=by_routes,
                tags={},
            ),
        )
        return {
            "vnet": network.vnet_id,
            "workers": network.worker_subnet_id,
            "guests": network.peer_pod_subnet_id,
            "nsg": network.peer_pod_nsg_id,
            "attached": network.attached.by_name(),
        }

    return deploy(
        program,
        invokes={
            "azure-native:network:getSubnet": lambda args: {
                "name": args["subnetName"],
                **answers[args["subnetName"]],
            },
            "azure-native:network:getVirtualNetwork": there,
        },
    )


def problems(*args: Any, **kwargs: Any) -> list[str]:
    with pytest.raises(Exception, match="the network of this stack cannot be used") as raised:
        declare(*args, **kwargs)
    return [line.strip() for line in str(raised.value).splitlines() if line.startswith("  ")]


def test_nothing_of_it_is_written() -> None:
    made = {one.name for one in declare().values() if not one.read}
    assert made == {"network", "network-peer-pods-nsg"}


def test_the_ids_are_those_that_were_given() -> None:
    exports = declare().exports
    assert (exports["vnet"], exports["workers"]) == (VNET, f"{VNET}/subnets/workers")
    assert exports["guests"] == f"{VNET}/subnets/guests"


def test_peer_pods_get_a_security_group_of_the_stacks_own_for_the_ranges_that_are_there() -> None:
    rules = declare()["network-peer-pods-nsg"].inputs["securityRules"]
    allowed = [one for one in rules if one["access"] == "Allow"]
    assert {(one["sourceAddressPrefix"], one["destinationAddressPrefix"]) for one in allowed} == {
        ("10.96.2.0/23", "10.96.4.0/24")
    }
    assert rules[-1]["access"] == "Deny"


def test_without_peer_pods_there_is_no_security_group() -> None:
    graph = declare(with_peer_pods=False)
    assert "network-peer-pods-nsg" not in graph
    assert "guests" not in graph.exports


def test_what_the_subnets_of_the_nodes_use_is_known_once_each() -> None:
    routes = {"routeTable": {"id": f"{GROUP}/routeTables/hub"}}
    both = {"control": {**GATEWAY, **routes}, "workers": {**GATEWAY, **routes}}
    assert declare(both).exports["attached"] == {
        "nat-0": GATEWAY["natGateway"]["id"],
        "routes-0": routes["routeTable"]["id"],
    }
    assert declare().exports["attached"] == {}, "that of the peer pods is nothing to the cluster"


def test_the_security_group_that_aro_attached_itself_is_no_mistake() -> None:
    own = {"networkSecurityGroup": {"id": ARO_OWN}}
    assert declare({"control": own, "workers": own})


@pytest.mark.parametrize(
    ("subnets", "said"),
    [
        (
            {"workers": {"addressPrefix": "10.96.2.0/28"}},
            "network.subnets.workers is 10.96.2.0/28, and must be /27 or larger",
        ),
        (
            {"guests": {"delegations": [{"serviceName": "Microsoft.Web/serverFarms"}]}},
            "network.subnets.peerPods is delegated to Microsoft.Web/serverFarms",
        ),
        (
            {"control": {"networkSecurityGroup": {"id": "/theirs"}}},
            "network.subnets.controlPlane has the security group /theirs, and ARO attaches one of its own",
        ),
        (
            {"workers": {"addressPrefix": None, "addressPrefixes": ["10.96.2.0/24", "10.96.8.0/24"]}},
            "network.subnets.workers has the ranges 10.96.2.0/24, 10.96.8.0/24, and must have one",
        ),
        (
            {"guests": {"natGateway": None}},
            "network.subnets.peerPods has neither a NAT gateway nor a route table",
        ),
        (
            {"guests": {"addressPrefix": None, "addressPrefixes": ["10.96.4.0/27"]}},
            "network.subnets.peerPods has 27 addresses for 30 peer pods",
        ),
    ],
)
def test_a_subnet_that_will_not_do_is_refused(subnets: dict[str, Any], said: str) -> None:
    (found,) = problems(subnets)
    assert found.startswith(said)
    assert re.search(": (take|detach|attach) ", found), "it says what to do"


def test_a_route_table_is_a_way_out_too() -> None:
    assert declare({"guests": {"natGateway": None, "routeTable": {"id": "/routes"}}})


def test_a_network_of_another_region_or_over_the_ranges_of_the_cluster_is_refused() -> None:
    space = {"addressPrefixes": ["10.96.0.0/16", "172.30.4.0/24"]}
    assert [
        each.partition(":")[0] for each in problems(vnet={"location": "westeurope", "addressSpace": space})
    ] == [
        "the virtual network zone is in westeurope, and azure.location is eastus2",
        "cluster.serviceCidr 172.30.0.0/16 overlaps 172.30.4.0/24 of the virtual network zone",
    ]


def test_all_mistakes_are_named_at_once() -> None:
    wrong = {
        "control": {"networkSecurityGroup": {"id": "/theirs"}},
        "workers": {"addressPrefix": "10.96.2.0/29"},
        "guests": {"natGateway": None},
    }
    assert len(problems(wrong, vnet={"location": "westeurope"})) == 4


def test_nodes_behind_a_firewall_have_the_route_to_it() -> None:
    routed = {"routeTable": {"id": "/routes"}}
    assert declare({"control": routed, "workers": routed}, by_routes=True)
    with pytest.raises(Exception, match=r"network\.subnets\.workers has no route table"):
        declare({"control": routed}, by_routes=True)
