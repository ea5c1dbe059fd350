"""The environment without public addresses: it connects itself in two rounds, and what is taken away is connected anew."""

from pathlib import Path

import pytest

from tests.end_to_end.project import CommittedProject

pytestmark = pytest.mark.integration

HUB, SPOKE = "private-hub", "private-spoke"
HUBS_HALF = "peering-to-coco-private-spoke-vnet-ade11e"
SPOKES_HALF = "peering-to-coco-private-hub-vnet-2e3772"
WORKLOAD = "workload-kbs-access-deployment-kbs-access"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    return CommittedProject.with_stacks(tmp_path_factory.mktemp("private"), HUB, SPOKE)


@pytest.fixture
def project(both: CommittedProject, tmp_path: Path) -> CommittedProject:
    return both.copy(tmp_path)


def test_in_the_first_round_the_spoke_waits_for_the_hubs_half(both: CommittedProject) -> None:
    assert HUBS_HALF not in both.resources(HUB), "the other network was not there"
    made = both.resources(SPOKE)
    assert SPOKES_HALF in made
    assert WORKLOAD not in made
    assert "has not connected its network with" in both.preview(SPOKE).text


def test_the_second_round_completes_both_and_a_third_changes_nothing(project: CommittedProject) -> None:
    project.bring_up(HUB, SPOKE)
    assert HUBS_HALF in project.resources(HUB)
    assert WORKLOAD in project.resources(SPOKE)
    for stack in (HUB, SPOKE):
        resources = project.resources(stack)
        halves = [one for one in resources.values() if one.type.endswith("VirtualNetworkPeering")]
        connected = [one for one in halves if "runners" not in one.inputs["virtualNetworkPeeringName"]]
        assert len(connected) == 1
        assert len(halves) == 2, "and that of the machines that pulumi runs on"
        assert f"{stack}: nothing changes" in project.preview(stack).text


def test_api_and_ingress_have_private_addresses(both: CommittedProject) -> None:
    properties = both.resources(HUB)["cluster-aro"].outputs["properties"]
    assert properties["apiserverProfile"]["ip"].startswith("10.24.")
    assert properties["ingressProfiles"][0]["ip"].startswith("10.24.")


def test_the_spoke_reaches_nothing_of_the_hubs_nodes_but_api_and_ingress(both: CommittedProject) -> None:
    """The network of a spoke is in the hands of whoever runs the spoke."""
    group = both.resources(HUB)["network-nodes-nsg"]
    denied = [rule for rule in group.inputs["securityRules"] if rule["access"] == "Deny"]
    assert [(rule["sourceAddressPrefix"], rule["destinationPortRange"]) for rule in denied] == [
        ("VirtualNetwork", "*")
    ]
    for subnet in ("network-control-plane", "network-workers"):
        assert both.resources(HUB)[subnet].inputs["networkSecurityGroup"] == {"id": group.id}
    assert (
        both.resources(HUB)["cluster-aro"].inputs["properties"]["networkProfile"]["preconfiguredNSG"]
        == "Enabled"
    )


def test_the_cluster_comes_after_the_way_to_it_and_goes_before(both: CommittedProject) -> None:
    resources = both.resources(HUB)
    halves = {
        one.urn for name, one in resources.items() if name.startswith("peering-to") or name == "peering"
    }
    assert halves & resources["cluster-aro"].needs or halves & resources["cluster"].needs


def test_without_the_key_the_spoke_says_what_to_do_in_which_order(project: CommittedProject) -> None:
    project.configure(SPOKE, {"hubMayComeLater": False})
    run = project.preview(SPOKE)
    assert not run.succeeded
    assert "it has not made its half of the connection" in run.text
    assert "virtualNetworks/coco-private-spoke-vnet to coco:network.peers of the hub" in run.text


def test_a_spoke_that_was_complete_is_not_cut_off_by_a_hub_that_disconnects(
    project: CommittedProject,
) -> None:
    project.bring_up(HUB, SPOKE)
    runners = project.resources(HUB)["peering"].outputs["connected"][0]
    project.configure(HUB, {"network.peers": [runners]})
    project.bring_up(HUB)
    run = project.up(SPOKE)
    assert not run.succeeded
    assert "this spoke was complete: going on would delete its pods" in run.text
    assert WORKLOAD in project.resources(SPOKE)


def test_a_spoke_that_is_made_anew_is_connected_again_after_its_hub_noticed(
    project: CommittedProject,
) -> None:
    project.bring_up(HUB, SPOKE)
    assert project.down(SPOKE).succeeded
    run = project.up(SPOKE)
    assert "RemotePeeringIsDisconnected" in run.text
    project.bring_up(HUB)
    assert HUBS_HALF not in project.resources(HUB), "a half without another one is of no use"
    project.bring_up(SPOKE, HUB, SPOKE)
    assert WORKLOAD in project.resources(SPOKE)


def test_networks_that_overlap_are_not_connected(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    project.configure(SPOKE, {"network.cidr": "10.24.0.0/16"})
    project.bring_up(HUB)
    run = project.up(SPOKE)
    assert not run.succeeded
    assert "VnetAddressSpacesOverlap" in run.text


def test_down_leaves_nothing(project: CommittedProject) -> None:
    for stack in (SPOKE, HUB):
        assert project.down(stack).succeeded
    assert project.azure() == []


@pytest.mark.parametrize("peers", [5, True, "runners", {"a": 1}, [3]])
def test_a_list_of_networks_that_is_none_is_refused_in_a_sentence(tmp_path: Path, peers: object) -> None:
    project = CommittedProject.fresh(tmp_path)
    project.configure(HUB, {"network.peers": peers})
    run = project.preview(HUB)
    assert not run.succeeded
    assert "coco:network.peers" in run.text
    assert "Traceback" not in run.text
