"""The storage samples in the sandbox: the stand-ins of Azure and OpenShift take them, and their pods start under their policies."""

from pathlib import Path

import pytest

from tests.config import storage
from tests.end_to_end.project import SPOKE, CommittedProject, Run

pytestmark = pytest.mark.integration

TRUSTEE = "trustee-operator-system"


@pytest.fixture(scope="module")
def stored(is_up: CommittedProject, tmp_path_factory: pytest.TempPathFactory) -> tuple[CommittedProject, Run]:
    project = is_up.copy(tmp_path_factory.mktemp("stored"))
    project.configure("dev-hub", storage.HUB)
    project.configure("dev-spoke", storage.spoke())
    up = project.up()
    assert up.succeeded, up.text
    return project, up


def test_the_pods_of_the_samples_start_under_their_own_policies(stored: tuple[CommittedProject, Run]) -> None:
    project, _ = stored
    for name in storage.SAMPLES:
        pods = [
            pod
            for pod in project.cluster(SPOKE).list("Pod")
            if pod["metadata"].get("labels", {}).get("app") == name
        ]
        assert [pod["status"]["phase"] for pod in pods] == ["Running"]
        assert [each["name"] for each in pods[0]["spec"]["initContainers"]][:2] == ["restore", "save"]


def test_trustee_serves_what_the_pods_need(stored: tuple[CommittedProject, Run]) -> None:
    project, _ = stored
    assert set(project.object("Secret", "store-kbs-store", TRUSTEE)["data"]) == {
        "key",
        "rclone.conf",
        "floor",
    }


@pytest.mark.integration
def test_a_second_update_changes_nothing(stored: tuple[CommittedProject, Run], tmp_path: Path) -> None:
    project, _ = stored
    again = project.copy(tmp_path).preview()
    assert again.succeeded, again.text
    assert "to update" not in again.text
    assert "nothing changes" in again.text


@pytest.mark.integration
def test_it_can_be_taken_down_again(stored: tuple[CommittedProject, Run], tmp_path: Path) -> None:
    project = stored[0].copy(tmp_path)
    down = project.down()
    assert down.succeeded, down.text
    assert not [each for each in project.sandbox.azure.ids() if "storageAccounts" in each]
