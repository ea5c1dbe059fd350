"""A spoke whose hub has never been up: its cluster is made meanwhile, the rest follows, and nothing goes back by itself."""

from pathlib import Path

import pytest

from tests.end_to_end.project import CommittedProject

pytestmark = pytest.mark.integration

OF_THE_HUB = ("peer-pods-cm", "sandboxed-containers-kata", "workload-kbs-access-deployment-kbs-access")


@pytest.fixture
def alone(tmp_path: Path) -> CommittedProject:
    project = CommittedProject.fresh(tmp_path)
    project.configure("dev-spoke", {"hubMayComeLater": True})
    return project


def test_without_its_hub_a_spoke_gets_as_far_as_its_operator_and_says_what_it_waits_for(
    alone: CommittedProject,
) -> None:
    preview = alone.preview("dev-spoke")
    assert preview.succeeded, preview.text
    assert (
        "organization/coco/dev-hub has never been up, so this brings up the network, the cluster"
        in preview.text
    )
    run = alone.up("dev-spoke")
    assert run.succeeded, run.text
    made = alone.resources("dev-spoke")
    assert {"cluster-aro", "egress-gateway", "osc-operator-approval"} <= set(made)
    assert not set(OF_THE_HUB) & set(made)
    assert alone.outputs("dev-spoke")["waitsFor"] == "organization/coco/dev-hub"


def test_what_was_begun_is_completed_after_the_hub_and_nothing_of_it_is_made_anew(
    alone: CommittedProject,
) -> None:
    assert alone.up("dev-spoke").succeeded
    before = alone.resources("dev-spoke")
    assert alone.up("dev-hub").succeeded
    run = alone.up("dev-spoke")
    assert run.succeeded, run.text
    after = alone.resources("dev-spoke")
    assert set(OF_THE_HUB) <= set(after)
    assert {name: one.id for name, one in before.items()} == {name: after[name].id for name in before}
    assert "replaced" not in run.text
    assert "deleted" not in run.text
    assert alone.outputs("dev-spoke")["kbsUrl"].startswith("https://kbs.")
    assert "waitsFor" not in alone.outputs("dev-spoke")


def test_a_complete_spoke_whose_hub_is_gone_is_refused_and_keeps_its_pods(alone: CommittedProject) -> None:
    assert alone.up("dev-hub").succeeded
    assert alone.up("dev-spoke").succeeded
    (alone.home / "stacks/dev-hub.json").unlink()
    before = alone.files()
    run = alone.up("dev-spoke")
    assert not run.succeeded
    assert "this spoke was complete: going on would delete its pods" in " ".join(run.text.split())
    assert alone.files() == before
