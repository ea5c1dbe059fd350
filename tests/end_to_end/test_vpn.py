"""The environment whose sites are connected by VPN: it connects itself in two rounds, and either end may go first."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.config import edits
from tests.config.edits import GONE
from tests.end_to_end.project import CommittedProject, changes

pytestmark = pytest.mark.integration

HUB, SPOKE = "vpn-hub", "vpn-spoke"
WORKLOAD = "workload-kbs-access-deployment-kbs-access"
CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    project = CommittedProject.with_stacks(tmp_path_factory.mktemp("vpn"), HUB, SPOKE)
    assert "vpn-to-spoke" not in project.resources(HUB), "the other gateway was not there"
    assert WORKLOAD not in project.resources(SPOKE)
    project.bring_up(HUB, SPOKE)
    return project


@pytest.fixture
def project(both: CommittedProject, tmp_path: Path) -> CommittedProject:
    return both.copy(tmp_path)


def _connections(project: CommittedProject, stack: str) -> dict[str, Any]:
    return {name: each for name, each in project.resources(stack).items() if each.type == CONNECTION}


def test_the_second_round_completes_both_and_a_third_changes_nothing(both: CommittedProject) -> None:
    assert WORKLOAD in both.resources(SPOKE)
    for stack, names in (
        (HUB, {"vpn-to-datacentre", "vpn-to-spoke"}),
        (SPOKE, {"vpn-to-datacentre", "vpn-to-hub"}),
    ):
        assert set(_connections(both, stack)) == names
        assert f"{stack}: nothing changes" in both.preview(stack).text


def test_each_end_leads_to_the_other(both: CommittedProject) -> None:
    here, there = (both.resources(stack)["vpn-ip"].outputs["ipAddress"] for stack in (HUB, SPOKE))
    assert both.resources(HUB)["vpn-site-spoke"].inputs["gatewayIpAddress"] == there
    assert both.resources(SPOKE)["vpn-site-hub"].inputs["gatewayIpAddress"] == here
    assert both.outputs(HUB)["vpnAddress"] == here


def test_what_a_connection_reaches_of_the_nodes_is_api_and_ingress(both: CommittedProject) -> None:
    """Azure counts what a gateway leads to as the same network."""
    for stack in (HUB, SPOKE):
        group = both.resources(stack)["network-nodes-nsg"]
        denied = [rule for rule in group.inputs["securityRules"] if rule["access"] == "Deny"]
        assert [(rule["sourceAddressPrefix"], rule["destinationPortRange"]) for rule in denied] == [
            ("VirtualNetwork", "*")
        ]
        for subnet in ("network-control-plane", "network-workers"):
            assert both.resources(stack)[subnet].inputs["networkSecurityGroup"] == {"id": group.id}


def test_the_cluster_comes_after_the_gateway_and_goes_before_it(both: CommittedProject) -> None:
    """The run reaches the cluster through it; and while Azure makes a gateway, others may not use its network."""
    resources = both.resources(HUB)
    vpn = {each.urn for name, each in resources.items() if name == "vpn" or name.startswith("vpn-")}
    assert vpn & (resources["cluster-aro"].needs | resources["cluster"].needs)


def test_no_key_is_in_the_state_in_plain_text(both: CommittedProject) -> None:
    connections = [*_connections(both, HUB).values(), *_connections(both, SPOKE).values()]
    assert all("sharedKey" in each.inputs for each in connections)
    for name, content in both.files().items():
        assert b"the-sandbox-key-of-all-connections" not in content, name


def test_a_new_key_changes_the_connections_and_nothing_else(project: CommittedProject) -> None:
    key = "another-key-of-thirty-two-characters-or-more"
    project.set_secret(SPOKE, "vpnKeys", json.dumps({"datacentre": key, "hub": key}))
    run = project.preview(SPOKE)
    assert changes(run.text) == {"vpn-to-datacentre": "~", "vpn-to-hub": "~"}
    assert key not in run.text
    project.bring_up(SPOKE)
    assert f"{SPOKE}: nothing changes" in project.preview(SPOKE).text


def test_without_the_key_the_spoke_says_what_to_do_in_which_order(project: CommittedProject) -> None:
    project.configure(HUB, {"network.vpn.gateways": GONE})
    project.bring_up(HUB)
    project.configure(SPOKE, {"hubMayComeLater": False})
    run = project.preview(SPOKE)
    assert not run.succeeded
    assert "it has not made its half of the connection" in run.text
    assert "virtualNetworkGateways/coco-vpn-spoke-vpn to coco:network.vpn.gateways of the hub" in run.text


def test_a_spoke_that_was_complete_is_not_cut_off_by_a_hub_that_disconnects(
    project: CommittedProject,
) -> None:
    project.configure(HUB, {"network.vpn.gateways": GONE})
    project.bring_up(HUB)
    run = project.up(SPOKE)
    assert not run.succeeded
    assert "this spoke was complete: going on would delete its pods" in run.text
    assert WORKLOAD in project.resources(SPOKE)


@pytest.mark.parametrize("order", [(SPOKE, HUB), (HUB, SPOKE)])
def test_either_end_may_go_first_and_nothing_is_left(
    project: CommittedProject, order: tuple[str, str]
) -> None:
    for stack in order:
        run = project.down(stack)
        assert run.succeeded, run.text
    assert project.azure() == []


def test_a_cluster_that_was_made_without_a_connection_in_mind_is_not_given_one(tmp_path: Path) -> None:
    """ARO decides about the security group of its nodes when it makes them."""
    gateways = edits.committed(SPOKE)["coco:network"]["vpn"]["gateways"]
    project = CommittedProject.with_stacks(tmp_path, "dev-hub")
    project.configure("dev-hub", {"network.vpn": {"gateways": gateways}})
    project.set_secret("dev-hub", "vpnKeys", json.dumps({"hub": "x" * 32}))
    run = project.preview("dev-hub")
    assert not run.succeeded
    assert "preconfiguredNSG" in run.text


def test_networks_that_overlap_are_refused_before_anything_of_the_second_is_made(tmp_path: Path) -> None:
    project = CommittedProject.with_stacks(tmp_path, HUB)
    project.configure(SPOKE, {"network.cidr": "10.32.0.0/16"})
    run = project.preview(SPOKE)
    assert not run.succeeded
    assert "leads to 10.32.0.0/16, which overlaps coco:network.cidr 10.32.0.0/16" in run.text


@pytest.fixture
def at_a_site(tmp_path: Path) -> CommittedProject:
    """A hub in a data centre, whose KBS has a private address, and a spoke in Azure that reaches it by VPN alone."""
    project = CommittedProject.fresh(tmp_path)
    hub = "anywhere-hub"
    project.configure(hub, {"cluster.visibility": "Private", "workloads.kbs-access.spokes": [SPOKE]})
    project.configure(
        SPOKE,
        {
            "hub": f"organization/coco/{hub}",
            "hubMayComeLater": GONE,
            "network.vpn.gateways": GONE,
            "network.kbsAddress": "192.168.10.20",
        },
    )
    project.bring_up(hub)
    return project


def test_pods_reach_a_kbs_at_a_site_by_its_private_name(at_a_site: CommittedProject) -> None:
    at_a_site.bring_up(SPOKE)
    resources = at_a_site.resources(SPOKE)
    zone = resources["kbs-name-zone"].inputs["privateZoneName"]
    assert at_a_site.outputs(SPOKE)["kbsUrl"] == f"https://{zone}"
    assert resources["kbs-name-link"].inputs["virtualNetwork"] == {"id": resources["network-vnet"].id}
    pods = {resources[name].urn for name in ("kbs-name", "kbs-name-link", "kbs-name-record")}
    assert pods & (resources["sandboxed-containers-kata"].needs | resources["sandboxed-containers"].needs)
    assert f"{SPOKE}: nothing changes" in at_a_site.preview(SPOKE).text
    assert at_a_site.down(SPOKE).succeeded


def test_a_spoke_that_no_site_leads_out_of_is_refused_by_a_private_hub_elsewhere(
    at_a_site: CommittedProject,
) -> None:
    at_a_site.configure(SPOKE, {"network.vpn": GONE, "network.kbsAddress": GONE, "network.peers": [_vnet()]})
    run = at_a_site.preview(SPOKE)
    assert not run.succeeded
    assert "or coco:network.vpn.sites with the place of the hub" in run.text


def _vnet() -> str:
    return "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/runners/providers/Microsoft.Network/virtualNetworks/runners"
