"""Workloads between hub and spoke: one document a workload, measured with each spoke's own name, and one spoke shut out alone."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from config.sections import WorkloadSection
from model.attestation import initdata
from model.paths import served
from model.policy import powers
from tests.answers import CA_PEM
from tests.config import committed
from trust.contract import Contract
from trust.decision import Decision, Earlier, Kbs, decide
from trust.inputs import Inputs
from trust.needs import Needs, lacking, tampering

KBS = Kbs(url="https://kbs.apps.hub.example", ca=CA_PEM)
NAME = "kbs-access"
PATH = served("kbsres1", "key1")


def inputs(spokes: tuple[str, ...] = ("one", "two"), **changes: Any) -> Inputs:
    """The committed hub, whose workload may run on ``spokes``."""
    config, loaded = committed.hub()
    secrets = {"kbsres1": config.secrets["kbsres1"]}
    update = {"workloads": {NAME: WorkloadSection(spokes=spokes)}, "secrets": secrets, **changes}
    return Inputs(
        zone=config.model_copy(update=update),
        policies={},
        reference_values=loaded.reference_values,
        platform=loaded.platform,
        workloads=loaded.workloads,
    )


def contract(decision: Decision) -> Contract:
    return decision.contract(sealed={}, console_url="https://console.example")


def needs(spoke: str, says: Inputs) -> Needs:
    return Needs(
        spoke=spoke,
        osc_version="1.13.1",
        tees=frozenset(),
        profiles=frozenset(),
        workloads={NAME: says.workloads[NAME].digest()},
    )


def test_each_spoke_measures_another_pcr8_of_the_same_document() -> None:
    made = decide(inputs(), KBS, Earlier()).workloads[NAME]
    values = {spoke: accepted[0] for spoke, accepted in made.accepted.items()}
    assert values["one"] != values["two"]
    for spoke, value in values.items():
        document = made.document(spoke)
        assert (document.pcr8, initdata.decode(document.encoded).pcr8) == (value, value)
        assert f"# spoke {spoke}\n" in initdata.documents(document.toml).policy


def test_the_policy_that_a_workload_is_measured_with_pins_what_runs() -> None:
    document = decide(inputs(), KBS, Earlier()).workloads[NAME].document("one")
    held = powers.of(initdata.documents(document.toml).policy)
    assert held.pinned
    assert not held.full


def test_a_secret_is_released_to_the_workload_on_its_spokes_and_to_no_profile() -> None:
    decision = decide(inputs(), KBS, Earlier())
    (release,) = (each for each in decision.releases if each.path == PATH)
    assert set(release.pcr8) == {accepted[0] for accepted in decision.workloads[NAME].accepted.values()}
    assert not set(release.pcr8) & {profile.pcr8 for profile in decision.profiles.values()}


def test_a_revoked_spoke_is_shut_out_alone_and_at_once() -> None:
    before = contract(decide(inputs(), KBS, Earlier()))
    decision = decide(inputs(revoked=("one",)), KBS, Earlier.of(before.published()))
    after = contract(decision)
    assert after.workloads[NAME].accepted == {"two": before.workloads[NAME].accepted["two"]}
    gone = before.workloads[NAME].accepted["one"][0]
    assert gone not in decision.resource_policy
    assert gone not in after.released[PATH]
    assert all(gone not in values for values in after.released.values())
    assert lacking(after, needs("two", inputs())) == []
    (problem,) = lacking(after, needs("one", inputs()))
    assert "lets no pod of workload kbs-access attest from one" in problem
    assert "coco:revoked" in problem


def test_a_changed_workload_keeps_its_running_pods_until_their_spoke_follows() -> None:
    first = contract(decide(inputs(), KBS, Earlier()))
    granted = WorkloadSection(spokes=("one", "two"), read_logs=True)
    second = decide(inputs(workloads={NAME: granted}), KBS, Earlier.of(first.published()))
    for spoke, accepted in second.workloads[NAME].accepted.items():
        assert accepted[1:] == first.workloads[NAME].accepted[spoke][:1]
        assert accepted[0] != accepted[1]


def test_a_spoke_takes_what_the_hub_published_for_it() -> None:
    read = Contract.read(json.loads(json.dumps(contract(decide(inputs(), KBS, Earlier())).published())))
    assert lacking(read, needs("one", inputs())) == []
    assert tampering(read, needs("one", inputs())) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"toml": lambda made: made.toml.replace("run-httpd", "run-other")}, "is not what the hub measured"),
        ({"toml": lambda made: made.toml.replace("# spoke <spoke>", "# spoke one")}, "cannot be read"),
        ({"accepted": lambda made: {"one": made.accepted["two"]}}, "is not what the hub measured"),
    ],
)
def test_a_document_that_was_altered_reaches_no_pod(change: dict[str, Any], words: str) -> None:
    published = contract(decide(inputs(), KBS, Earlier()))
    made = published.workloads[NAME]
    altered = made.model_copy(update={key: alter(made) for key, alter in change.items()})
    (problem,) = tampering(
        published.model_copy(update={"workloads": {NAME: altered}}), needs("one", inputs())
    )
    assert words in problem
    assert problem.endswith("find out who wrote its outputs")


def test_other_manifests_than_the_hub_measured_are_refused() -> None:
    published = contract(decide(inputs(), KBS, Earlier()))
    (problem,) = lacking(published, replace(needs("one", inputs()), workloads={NAME: "00" * 32}))
    assert problem.endswith("bring the hub up first, from the same commit")


def test_a_workload_that_the_hub_does_not_have_is_refused() -> None:
    published = contract(decide(inputs(), KBS, Earlier()))
    (problem,) = lacking(published, replace(needs("one", inputs()), workloads={"other": "00" * 32}))
    assert (
        "it has no workload other: define coco:workloads.other in the hub, with one under spokes" in problem
    )


def test_fifty_spokes_with_five_workloads_stay_under_a_megabyte_and_linear_in_time() -> None:
    def measured(spokes: int) -> tuple[int, float]:
        says = inputs(tuple(f"prod-spoke-region-{number}" for number in range(spokes)))
        five = {f"{NAME}-{number}": says.zone.workloads[NAME] for number in range(5)}
        workloads = {name: says.workloads[NAME] for name in five}
        zone = says.zone.model_copy(update={"workloads": five, "secrets": {}})
        many = replace(says, zone=zone, workloads=workloads)
        assert many.workload_policies  # rendered once, whatever the number of spokes
        earlier = Earlier.of(contract(decide(many, KBS, Earlier())).published())
        started = time.process_time()
        outputs = contract(decide(many, KBS, earlier)).published()
        return len(json.dumps(outputs)), time.process_time() - started

    (small, few), (large, many) = measured(10), measured(50)
    assert large < 1_000_000
    assert large < 5 * small
    assert many < 10 * few + 0.5
