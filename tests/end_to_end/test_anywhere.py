"""The environment whose hub is outside of Azure: it comes up, changes and goes, and the hub leaves no trace in Azure."""

from pathlib import Path

import pytest

from tests.end_to_end.project import CommittedProject, changes

pytestmark = pytest.mark.integration

HUB, SPOKE = "anywhere-hub", "anywhere-spoke"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    project = CommittedProject.fresh(tmp_path_factory.mktemp("anywhere"))
    for stack in (HUB, SPOKE):
        up = project.up(stack)
        assert up.succeeded, up.text
    return project


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


def test_both_go_and_their_clusters_stay(project: CommittedProject) -> None:
    for stack in (SPOKE, HUB):
        assert project.down(stack).succeeded
    assert sorted(project.sandbox.clusters) == [HUB, SPOKE]
    assert not [id_ for id_ in project.azure() if "coco-" in id_]
