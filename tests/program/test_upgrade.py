"""The upgrade from Trustee 1.1 to 1.2, hub first: docs/operations.md says how, and each of its steps is taken here."""

import json
import shutil
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from model.trustee import documents
from tests.config import committed
from tests.config.edits import problems
from tests.harness import Graph
from tests.model.attestation import evidence
from tests.model.trustee.test_documents import read_as_trustee_does
from tests.program import roles
from tests.rego import released, token, trust_vector

OLD, NEW = "1.12.1", "1.13.1"
FIRST = {"version": "1.1.0", "oscVersions": [OLD]}
HUB_UPGRADED = {"version": "1.2.1", "oscVersions": [OLD, NEW]}
SPOKES_UPGRADED = {"version": "1.2.1", "oscVersions": [NEW]}
REGISTERS = {
    osc: {name: f"{digit}{name[-1]}" * 32 for name in ("pcr03", "pcr09", "pcr11", "pcr12")}
    for osc, digit in ((OLD, "a"), (NEW, "b"))
}
GOOD = {"executables": 3, "hardware": 2, "configuration": 2}
PATH = ("default", "kbsres1", "key1")
POLICY_KEYS = {"1.1": "policy.rego", "1.2": "resource-policy.rego"}
VALUES_KEYS = {"1.1": "reference-values.json", "1.2": "reference_value"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed stacks, with reference values of two OSC versions."""
    root = tmp_path_factory.mktemp("project")
    for part in ("platform-values", "reference-values", "stacks", "workloads"):
        shutil.copytree(committed.ROOT / part, root / part)
    shutil.copy(committed.ROOT / "advisories.yaml", root)
    folder = root / "reference-values"
    file = yaml.load((folder / f"{NEW}.yaml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    for osc, registers in REGISTERS.items():
        pcrs = {name: [value] for name, value in registers.items()}
        (folder / f"{osc}.yaml").write_text(
            yaml.safe_dump({**file, "oscVersion": osc, "pcrs": pcrs}), "utf-8"
        )
    return root


@pytest.fixture(scope="module")
def hubs(root: Path) -> list[Graph]:
    """The hub of dev before the upgrade, after its own, and when the spokes have theirs."""
    graphs: list[Graph] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(committed, "ROOT", root)
        trustee = json.loads(committed.bag("dev-hub")["coco:trustee"])
        for step in (FIRST, HUB_UPGRADED, SPOKES_UPGRADED):
            outputs = graphs[-1].exports if graphs else {}
            graphs.append(roles.declare("dev-hub", outputs=dict(outputs), trustee={**trustee, **step}))
    return graphs


def minor(step: int) -> str:
    return ("1.1", "1.2", "1.2")[step]


def document(hub: Graph, name: str, key: str) -> str:
    return hub[f"trustee-{name}"].inputs["data"][key]


def accepted(hub: Graph, step: int) -> dict[str, list[str]]:
    """What Trustee reads back, by reference value name."""
    text = document(hub, "reference-values", VALUES_KEYS[minor(step)])
    entries = cast(Mapping[str, Any], read_as_trustee_does(minor(step), text))
    return {name: list(entry["value"]) for name, entry in entries.items()}


@pytest.mark.parametrize("step", [FIRST, HUB_UPGRADED, SPOKES_UPGRADED])
def test_every_step_is_a_stack_file_that_is_taken(root: Path, step: dict[str, Any]) -> None:
    assert problems("dev-hub", {f"trustee.{key}": value for key, value in step.items()}, root=root) == []


def test_the_spokes_cannot_go_first(root: Path) -> None:
    changes = {"trustee.version": "1.1.0", "trustee.oscVersions": [OLD, NEW]}
    assert problems("dev-hub", changes, root=root) == [
        "coco:trustee.oscVersions: must fit trustee.version 1.1.0, and sandboxed containers 1.13.1 goes with 1.2.z (got "
        "1.13.1): change one of the two versions"
    ]


def test_an_upgraded_hub_that_only_takes_old_spokes_is_refused(root: Path) -> None:
    changes = {"trustee.version": "1.2.1", "trustee.oscVersions": [OLD]}
    assert problems("dev-hub", changes, root=root) == [
        "coco:trustee.oscVersions: must name sandboxed containers that go with trustee.version 1.2.1; an older release is "
        "accepted in addition to them, while its spokes are upgraded (got 1.12.1): add a release of 1.13, with its file of "
        "reference values"
    ]


def test_the_upgrade_of_the_hub_changes_no_initdata_and_no_pcr8(hubs: list[Graph]) -> None:
    before, after, done = (hub.exports for hub in hubs)
    assert before["profiles"] == after["profiles"] == done["profiles"]
    assert {**after, "oscVersions": None} == {**before, "oscVersions": None}
    assert after["oscVersions"] == [OLD, NEW]


def test_the_upgrade_of_the_hub_changes_nothing_of_a_spoke(hubs: list[Graph]) -> None:
    spokes = [
        roles.declare("dev-spoke", outputs=dict(hub.exports), sandboxedContainers={"version": OLD})
        for hub in hubs[:2]
    ]
    assert {name: r.inputs for name, r in spokes[0].items()} == {
        name: r.inputs for name, r in spokes[1].items()
    }


def test_only_the_operator_and_its_documents_change(hubs: list[Graph]) -> None:
    before, after = hubs[:2]
    assert before.keys() == after.keys()
    assert {name for name in before if before[name].inputs != after[name].inputs} == {
        "trustee-operator-subscription",
        "trustee-operator-approval",
        "trustee-kbs-config",
        "trustee-resource-policy",
        "trustee-reference-values",
        "trustee-kbs",
        "trustee-pods",
    }


def test_both_layouts_accept_the_same_registers(hubs: list[Graph]) -> None:
    before, after, done = (accepted(hub, step) for step, hub in enumerate(hubs))
    assert before.keys() == after.keys() == done.keys()
    assert before["snp_pcr08"] == after["snp_pcr08"] == done["snp_pcr08"]
    for name in REGISTERS[OLD]:
        old, new = REGISTERS[OLD][name], REGISTERS[NEW][name]
        assert before[f"snp_{name}"] == [old]
        assert after[f"snp_{name}"] == [old, new]
        assert done[f"snp_{name}"] == [new]


def test_the_policies_say_the_same_in_both_layouts(hubs: list[Graph]) -> None:
    attestation = {document(hub, "attestation-policy", "default_cpu.rego") for hub in hubs}
    resource = {document(hub, "resource-policy", POLICY_KEYS[minor(step)]) for step, hub in enumerate(hubs)}
    assert (len(attestation), len(resource)) == (1, 1)


@pytest.mark.parametrize(
    ("step", "osc", "served"),
    [(0, OLD, True), (0, NEW, False), (1, OLD, True), (1, NEW, True), (2, OLD, False), (2, NEW, True)],
)
def test_pods_keep_their_secrets_from_the_first_step_to_the_last(
    hubs: list[Graph], step: int, osc: str, served: bool
) -> None:
    hub, pcr8 = hubs[step], hubs[step].exports["workloads"]["kbs-access"]["accepted"]["dev-spoke"][0]
    claims = {**deepcopy(evidence.MILAN), "init_data": pcr8}
    claims["az-snp-vtpm"]["tpm"] |= {**REGISTERS[osc], "pcr08": pcr8}
    attestation = document(hub, "attestation-policy", "default_cpu.rego")
    vector = trust_vector(documents.layout(minor(step)), attestation, claims, accepted(hub, step))
    assert (vector == GOOD) is served
    resource = document(hub, "resource-policy", POLICY_KEYS[minor(step)])
    assert released(resource, PATH, token(vector, claims), trustee=minor(step)) is served
