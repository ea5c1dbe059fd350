"""What roots attestation, as a stack file and the reviewed files decide it: a stack with secrets goes without none of it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.config import committed
from tests.config.edits import GONE, loaded, problems

NOW = datetime(2026, 12, 1, tzinfo=UTC)
REAL: dict[str, Any] = {"trustee.allowUnverifiedReferenceValues": GONE}
ACCEPTED = {
    name: {"until": "2027-05-01", "reason": "the profiles read little"}
    for name in (
        "boot-loader-replay",
        "initdata-disk",
        "initdata-fallback",
        "quote-selection",
        "milan-keys",
        "kbs-metrics",
    )
}
PCR4 = ["44" * 32]


def edit(project: Path, file: str, change: Any) -> None:
    path = project / file
    document = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    change(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose reference values are verified and whose platform values are of last month: nothing is left but decisions."""
    for part in ("platform-values", "reference-values", "workloads"):
        shutil.copytree(committed.ROOT / part, tmp_path / part)
    shutil.copy(committed.ROOT / "advisories.yaml", tmp_path)
    verified = {"signatureChecked": "true", "imageDigest": "sha256:" + "0" * 64, "toolVersion": "1.0"}
    edit(tmp_path, "reference-values/1.13.1.yaml", lambda values: values["provenance"].update(verified))

    def fresh(values: dict[str, Any]) -> None:
        for generation in values["generations"].values():
            for one in generation["paravisors"]:
                one["seen"] = "2026-11-01"

    edit(tmp_path, "platform-values/azure.yaml", fresh)
    return tmp_path


def found(project: Path, changes: dict[str, Any] | None = None) -> list[str]:
    return problems(
        "dev-hub", {**REAL, "acceptedAdvisories": ACCEPTED, **(changes or {})}, root=project, now=NOW
    )


def test_a_stack_with_its_root_and_each_advisory_decided_is_taken(project: Path) -> None:
    assert found(project) == []


@pytest.mark.parametrize("tee", ["az-snp-vtpm", "az-tdx-vtpm"])
def test_a_tee_without_a_paravisor_is_refused_with_the_command_that_fetches_one(
    project: Path, tee: str
) -> None:
    def without(values: dict[str, Any]) -> None:
        values["generations"] = {n: g for n, g in values["generations"].items() if g["tee"] != tee}

    edit(project, "platform-values/azure.yaml", without)
    [refused] = found(project, {"trustee.tees": ["az-snp-vtpm", "az-tdx-vtpm"]})
    assert refused.startswith(
        "coco:trustee.tees: must have the measurement of a paravisor in platform-values/azure.yaml"
    )
    assert f"(got {tee})" in refused
    assert "make platform-values EVIDENCE=" in refused


def test_dev_needs_a_root_too_unless_it_says_that_any_platform_will_do(project: Path) -> None:
    edit(project, "platform-values/azure.yaml", lambda values: values.update(generations={}))
    [refused] = problems("dev-hub", root=project, now=NOW)
    assert "trustee.allowAnyPlatform: true" in refused
    stack = loaded("dev-hub", {"trustee.allowAnyPlatform": True}, root=project, now=NOW)
    assert stack.platform is None


@pytest.mark.parametrize("content", [None, b"generations: [", b"\xff"])
def test_platform_values_that_cannot_be_read_say_why(project: Path, content: bytes | None) -> None:
    file = project / "platform-values/azure.yaml"
    file.unlink() if content is None else file.write_bytes(content)
    refused = [one for one in found(project) if "platform values" in one]
    assert len(refused) == 1
    assert refused[0].startswith(
        "coco:trustee.tees: must have valid platform values in platform-values/azure.yaml"
    )
    assert "\n" not in refused[0]


def test_values_that_nobody_looked_at_for_long_are_refused_unless_nothing_is_verified(project: Path) -> None:
    late = datetime(2027, 2, 1, tzinfo=UTC)
    changes = {**REAL, "acceptedAdvisories": ACCEPTED}
    assert [
        one.partition(":")[2].partition(" that somebody")[0]
        for one in problems("dev-hub", changes, root=project, now=late)
    ] == ["trustee.generations: must have platform values in platform-values/azure.yaml"] * 2
    assert problems("dev-hub", root=project, now=late) == []


def test_a_generation_must_be_known_and_verifiable(project: Path) -> None:
    [refused] = found(project, {"trustee.generations": ["milan", "turin"]})
    assert (
        "must be a generation in platform-values/azure.yaml of a kind in trustee.tees (got turin)" in refused
    )
    assert "use one of milan, genoa" in refused
    old = {"trustee.version": "1.1.0", "trustee.generations": ["genoa"]}
    assert any("must be one that trustee.version 1.1.0 can verify" in one for one in found(project, old))


def test_named_generations_must_be_there_for_each_tee(project: Path) -> None:
    changes = {"trustee.tees": ["az-snp-vtpm", "az-tdx-vtpm"], "trustee.generations": ["milan"]}
    [refused] = found(project, changes)
    assert (
        "must name a generation of each kind in trustee.tees, and none is of az-tdx-vtpm (got milan)"
        in refused
    )
    assert "add one of sapphire-rapids" in refused


def test_any_platform_and_named_generations_contradict_each_other(project: Path) -> None:
    [refused] = found(project, {"trustee.allowAnyPlatform": True, "trustee.generations": ["milan"]})
    assert "must be absent where allowAnyPlatform is true" in refused


@pytest.mark.parametrize("name", list(ACCEPTED))
def test_an_advisory_that_applies_is_refused_until_it_is_accepted(project: Path, name: str) -> None:
    others = {key: value for key, value in ACCEPTED.items() if key != name}
    [refused] = found(project, {"acceptedAdvisories": others})
    assert refused.startswith(f"coco:acceptedAdvisories.{name}: must be accepted, because it applies to ")
    assert "advisories.yaml" in refused


def test_an_acceptance_ends(project: Path) -> None:
    lapsed = {**ACCEPTED, "kbs-metrics": {"until": "2026-11-30", "reason": "names say nothing"}}
    [refused] = found(project, {"acceptedAdvisories": lapsed})
    assert "was accepted until 2026-11-30, and still applies to Trustee 1.2.1" in refused
    last_day = {**ACCEPTED, "kbs-metrics": {"until": "2026-12-01", "reason": "names say nothing"}}
    assert found(project, {"acceptedAdvisories": last_day}) == []


def test_what_the_stack_excludes_need_not_be_accepted(project: Path) -> None:
    edit(project, "reference-values/1.13.1.yaml", lambda values: values["pcrs"].update(pcr04=PCR4))
    excluded = ("boot-loader-replay", "initdata-disk", "milan-keys")
    rest = {key: value for key, value in ACCEPTED.items() if key not in excluded}
    assert found(project, {"acceptedAdvisories": rest, "trustee.generations": ["genoa"]}) == []


def test_a_policy_of_ones_own_brings_the_advisory_on_copied_files(project: Path) -> None:
    changes = {"profiles.web": {"policyFile": "web.rego"}}
    (project / "web.rego").write_text("package agent_policy\n", "utf-8")
    assert any(
        one.startswith("coco:acceptedAdvisories.copy-file: must be accepted")
        for one in found(project, changes)
    )


def test_a_stack_that_verifies_nothing_need_not_decide(project: Path) -> None:
    assert problems("dev-hub", root=project, now=NOW) == []


def test_boot_loaders_are_known_for_every_version_or_for_none(project: Path) -> None:
    older = project / "reference-values/1.12.1.yaml"
    shutil.copy(project / "reference-values/1.13.1.yaml", older)
    edit(project, "reference-values/1.12.1.yaml", lambda values: values.update(oscVersion="1.12.1"))
    edit(project, "reference-values/1.13.1.yaml", lambda values: values["pcrs"].update(pcr04=PCR4))
    [refused] = found(project, {"trustee.oscVersions": ["1.12.1", "1.13.1"]})
    assert refused.startswith("coco:trustee.oscVersions: must have pcr04 in its reference values")
    assert "(got 1.12.1)" in refused


@pytest.mark.parametrize("content", [None, b"advisories: [", b"\xff"])
def test_advisories_that_cannot_be_read_say_why(project: Path, content: bytes | None) -> None:
    file = project / "advisories.yaml"
    file.unlink() if content is None else file.write_bytes(content)
    [refused] = found(project)
    assert refused.startswith("coco:acceptedAdvisories: must have valid advisories in advisories.yaml")
    assert "\n" not in refused
