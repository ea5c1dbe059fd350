"""The environment whose hub is outside of Azure, and whose spoke is in subnets that were there: it comes up, changes and goes."""

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.project import CommittedProject, changes

pytestmark = pytest.mark.integration

HUB, SPOKE = "anywhere-hub", "anywhere-spoke"
SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
SUBNETS = ("openshift-control-plane", "openshift-workers", "confidential-pods")
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network"


def subnets(project: CommittedProject) -> list[dict[str, Any]]:
    """As Azure shows them, without what it counts and what ARO sets for good on the subnet of the control plane."""
    where = {"resourceGroupName": "net", "virtualNetworkName": "landing-zone"}
    return [
        {
            key: value
            for key, value in project.sandbox.azure.invoke(
                SUBSCRIPTION, "azure-native:network:getSubnet", {**where, "subnetName": name}
            ).items()
            if key not in ("etag", "privateLinkServiceNetworkPolicies")
        }
        for name in SUBNETS
    ]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    return CommittedProject.with_stacks(tmp_path_factory.mktemp("anywhere"), HUB, SPOKE)


@pytest.fixture
def project(both: CommittedProject, tmp_path: Path) -> CommittedProject:
    return both.copy(tmp_path)


@pytest.mark.parametrize("stack", [HUB, SPOKE])
def test_a_preview_without_a_change_shows_none(both: CommittedProject, stack: str) -> None:
    assert f"{stack}: nothing changes" in both.preview(stack).text


def test_the_hub_is_not_in_azure(both: CommittedProject) -> None:
    assert not [id_ for id_ in both.azure() if HUB in id_]
    assert both.cluster(HUB).get("ConfigMap", "cloud-conf", "openshift-cloud-controller-manager") is None
    assert both.outputs(SPOKE)["kbsUrl"] == "https://kbs.example.com"


def test_another_name_of_the_kbs_rolls_through_route_certificate_and_pods(project: CommittedProject) -> None:
    before = project.outputs(HUB)["profiles"]["hardened"]["pcr8"]
    project.configure(HUB, {"trustee.host": "kbs.example.org"})
    shown = changes(project.preview(HUB).text)
    assert {"trustee-route", "trustee-https-certificate", "trustee-kbs"} <= shown.keys()
    for stack in (HUB, SPOKE):
        assert project.up(stack).succeeded
    assert project.object("Route", "kbs", "trustee-operator-system", cluster=HUB)["spec"]["host"] == (
        "kbs.example.org"
    )
    hardened = project.outputs(HUB)["profiles"]["hardened"]
    assert hardened["pcr8"] != before
    assert before in hardened["accepted"]
    assert project.outputs(SPOKE)["kbsUrl"] == "https://kbs.example.org"


def test_what_was_there_stays_as_it_was(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    assert project.up(HUB).succeeded
    assert project.preview(SPOKE).succeeded
    before = subnets(project)
    assert project.up(SPOKE).succeeded
    for stack in (SPOKE, HUB):
        assert project.down(stack).succeeded
    assert subnets(project) == before
    assert list(project.sandbox.clusters) == [HUB]
    assert project.azure() == []


@pytest.mark.parametrize("identity", ["managed", "servicePrincipal"])
def test_the_cluster_may_join_what_the_subnets_of_its_nodes_use(tmp_path: Path, identity: str) -> None:
    """ARO refuses a cluster whose principals may not: the stand-in does too."""
    project = CommittedProject.fresh(tmp_path)
    assert project.up(HUB).succeeded
    principal = {
        "clientId": "00000000-0000-4000-8000-000000000051",
        "objectId": "00000000-0000-4000-8000-000000000052",
    }
    if identity != "managed":
        project.configure(SPOKE, {"cluster.identity": identity, "cluster.servicePrincipal": principal})
    assert project.preview(SPOKE).succeeded
    gateway = {"id": f"{NETWORK}/natGateways/landing-zone-nat"}
    for name in SUBNETS[:2]:
        project.sandbox.azure.change_by_hand(
            f"{NETWORK}/virtualNetworks/landing-zone/subnets/{name}", natGateway=gateway
        )
    up = project.up(SPOKE)
    assert up.succeeded, up.text
    granted = [
        one.inputs["scope"]
        for one in project.resources(SPOKE).values()
        if one.type == "azure-native:authorization:RoleAssignment"
    ]
    # The resource provider, and the principal or three of the identities.
    assert granted.count(gateway["id"]) == (4 if identity == "managed" else 2)


def test_subnets_that_will_not_do_are_refused_in_the_preview(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    assert project.up(HUB).succeeded
    assert project.preview(SPOKE).succeeded
    path = f"{NETWORK}/virtualNetworks/landing-zone/subnets"
    project.sandbox.azure.change_by_hand(f"{path}/confidential-pods", natGateway=None)
    project.sandbox.azure.change_by_hand(
        f"{path}/openshift-workers", routeTable={"id": f"{NETWORK}/routeTables/a"}
    )
    run = project.preview(SPOKE)
    assert not run.succeeded
    assert "network.subnets.peerPods has neither a NAT gateway nor a route table" in run.text
    project.sandbox.azure.change_by_hand(
        f"{path}/confidential-pods", routeTable={"id": f"{NETWORK}/routeTables/a"}
    )
    assert "this program knows the roles for at most one NAT gateway and for no route table" in (
        project.preview(SPOKE).text
    )


KEY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/nodes"
)


@pytest.mark.parametrize("identity", ["managed", "servicePrincipal"])
def test_a_private_cluster_behind_a_firewall_with_a_key_of_ones_own_comes_up(
    tmp_path: Path, identity: str
) -> None:
    """As a landing zone wants it. With managed identities the way out is the load balancer's."""
    project = CommittedProject.fresh(tmp_path)
    assert project.up(HUB).succeeded
    wanted: dict[str, Any] = {"cluster.visibility": "Private", "cluster.diskEncryptionSet": KEY}
    if identity != "managed":
        principal = {
            "clientId": "00000000-0000-4000-8000-000000000051",
            "objectId": "00000000-0000-4000-8000-000000000052",
        }
        wanted |= {
            "cluster.identity": identity,
            "cluster.servicePrincipal": principal,
            "cluster.outbound": "firewall",
        }
    project.configure(SPOKE, wanted)
    refused = project.preview(SPOKE)
    if identity != "managed":
        assert "network.subnets.workers has no route table" in refused.text
        routes = f"{NETWORK}/routeTables/to-firewall"
        project.sandbox.azure.somebody_elses("eastus2", routes)
        for name in SUBNETS[:2]:
            project.sandbox.azure.change_by_hand(
                f"{NETWORK}/virtualNetworks/landing-zone/subnets/{name}", routeTable={"id": routes}
            )
    up = project.up(SPOKE)
    assert up.succeeded, up.text
    assert f"{SPOKE}: nothing changes" in project.preview(SPOKE).text
