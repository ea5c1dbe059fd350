"""The files a stack refers to: reference values and policies of one's own."""

import shutil
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from model.policy import agent_policy
from tests.config import committed
from tests.config.edits import GONE, loaded, problems


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with the committed reference values, to change files in."""
    for part in ("platform-values", "reference-values", "workloads"):
        shutil.copytree(committed.ROOT / part, tmp_path / part)
    shutil.copy(committed.ROOT / "advisories.yaml", tmp_path)
    return tmp_path


def test_reference_values_that_are_not_there_are_named_with_the_file(project: Path) -> None:
    [found] = problems("dev-hub", {"trustee.oscVersions": ["1.13.0"]}, root=project)
    assert found.startswith(
        "coco:trustee.oscVersions: must have its reference values in reference-values/1.13.0.yaml"
    )
    assert "(got 1.13.0): add the file" in found


def test_reference_values_that_expired_are_refused() -> None:
    [found] = problems("dev-hub", now=datetime(2028, 1, 1, tzinfo=UTC))
    assert "coco:trustee.oscVersions" in found
    assert "(got 1.13.1)" in found
    assert "expired on 2027-11-21" in found


def test_unverified_reference_values_are_refused_unless_the_stack_takes_them() -> None:
    [found] = [
        one
        for one in problems("dev-hub", {"trustee.allowUnverifiedReferenceValues": GONE})
        if "coco:trustee.oscVersions" in one
    ]
    assert found.startswith("coco:trustee.oscVersions: must have verified reference values")
    assert "(got 1.13.1)" in found
    assert "trustee.allowUnverifiedReferenceValues: true" in found


@pytest.mark.parametrize(
    ("text", "fix"),
    [("oscVersion: [", "not YAML"), ("oscVersion: 1.13.1\n", "provenance"), (b"\xff", "UTF-8")],
)
def test_reference_values_that_cannot_be_read_say_why(project: Path, text: str | bytes, fix: str) -> None:
    file = project / "reference-values/1.13.1.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    [found] = problems("dev-hub", root=project)
    assert found.startswith("coco:trustee.oscVersions: must have ")
    assert "reference-values/1.13.1.yaml" in found
    assert fix in found
    assert "\n" not in found


def test_a_workload_whose_policy_does_not_fit_into_a_vm_is_refused() -> None:
    # Digests, because a text that repeats itself would be packed small.
    command = "cat " + " ".join(sha256(number.to_bytes(2)).hexdigest() for number in range(2000))
    found = problems("dev-hub", {"workloads.kbs-access.execCommands": {"kbs-access": [command]}})
    assert len(found) == 1
    assert found[0].startswith("coco:workloads.kbs-access: must be a pod that an agent policy can pin")
    assert "64 KB of userData" in found[0]


def test_a_volume_that_the_host_fills_is_refused_unless_the_hub_says_that_nothing_trusts_it() -> None:
    [found] = problems("dev-hub", {"workloads.kbs-sealed.untrustedInput": GONE})
    assert found.startswith(
        "coco:workloads.kbs-sealed: workloads/kbs-sealed/kbs-sealed.yaml: Deployment kbs-sealed: "
    )
    assert "content whoever runs the cluster can change at any time" in found
    assert "add sealed to untrustedInput of the workload in the hub" in found


def test_reference_values_of_another_version_are_refused(project: Path) -> None:
    folder = project / "reference-values"
    shutil.copy(folder / "1.13.1.yaml", folder / "1.13.0.yaml")
    [found] = problems("dev-hub", {"trustee.oscVersions": ["1.13.0"]}, root=project)
    assert "must be the oscVersion of reference-values/1.13.0.yaml, which is 1.13.1 (got 1.13.0)" in found


def policy(project: Path, rego: str) -> dict[str, Any]:
    (project / "web.rego").write_text(rego, "utf-8")
    return {"profiles.web": {"policyFile": "web.rego"}}


def rendered(**settings: Any) -> str:
    return agent_policy.render(agent_policy.AgentSettings(**settings))


def test_a_policy_of_ones_own_is_read_by_profile(project: Path) -> None:
    rego = rendered(read_logs=True)
    assert loaded("dev-hub", policy(project, rego), root=project).policies == {"web": rego}


def test_what_a_policy_of_ones_own_says_nothing_about_is_a_note_and_no_mistake(project: Path) -> None:
    rego = rendered().replace("default SetPolicyRequest := false", "")
    assert loaded("dev-hub", policy(project, rego), root=project).notes == (
        "coco:profiles.web.policyFile: web.rego says nothing about SetPolicyRequest: the guest refuses these",
    )
    assert loaded("dev-hub").notes == ()


@pytest.mark.parametrize("file", ["missing.rego", "../outside.rego", "/etc/hostname", "a/../../b.rego"])
def test_a_policy_file_must_be_in_the_project(project: Path, file: str) -> None:
    [found] = problems("dev-hub", {"profiles.web": {"policyFile": file}}, root=project)
    assert found.startswith("coco:profiles.web.policyFile: must be ")
    assert f"(got {file})" in found
    assert "relative to" in found


def test_a_policy_file_that_is_no_text_is_refused(project: Path) -> None:
    changes = policy(project, "")
    (project / "web.rego").write_bytes(b"\xff\xfe")
    [found] = problems("dev-hub", changes, root=project)
    assert "must be a text file in the project (got web.rego)" in found


def test_a_policy_that_is_no_rego_is_refused(project: Path) -> None:
    [found] = problems("dev-hub", policy(project, "package agent_policy\nallow if {"), root=project)
    assert found.startswith(
        "coco:profiles.web.policyFile: must be a policy that the agent in the guest can ask"
    )
    assert "not valid Rego" in found


def test_a_policy_that_fits_into_no_vm_is_refused_before_there_is_a_cluster(project: Path) -> None:
    noise = "\n".join(f"# {sha256(bytes([n // 256, n % 256])).hexdigest()}" for n in range(1500))
    [found] = problems("dev-hub", policy(project, f"{rendered()}\n{noise}\n"), root=project)
    assert found.startswith("coco:profiles.web.policyFile: must fit into what a VM is given at its start")
    assert "64 KB" in found
    assert found.endswith("shorten it.")


def test_commands_that_fit_into_no_vm_are_refused_before_there_is_a_cluster() -> None:
    commands = [sha256(str(number).encode()).hexdigest() for number in range(1500)]
    [found] = problems("dev-hub", {"profiles.hardened.execCommands": commands})
    assert "coco:profiles.hardened.execCommands: must fit into what a VM is given" in found
    assert found.endswith("shorten it.")
    assert len(found) < 300


def test_a_policy_file_replaces_the_settings_so_both_are_refused(project: Path) -> None:
    changes = policy(project, rendered())
    changes["profiles.web"]["readLogs"] = True
    [found] = problems("dev-hub", changes, root=project)
    assert found.startswith("coco:profiles.web.policyFile: must stand alone")
    assert "(got web.rego)" in found


@pytest.mark.parametrize("power", ["exec", "set_policy"])
def test_a_permissive_policy_file_cannot_smuggle_a_secret_out(project: Path, power: str) -> None:
    secret = {"source": "generated", "keys": ["k"], "readableBy": ["web"], "allowUnpinned": True}
    changes = policy(project, rendered(**{power: True})) | {"secrets.a": secret}
    [found] = problems("dev-hub", changes, root=project)
    assert found.startswith("coco:secrets.a.readableBy: must not name a profile that allows any command")
    assert problems("dev-hub", changes | {"secrets.a": secret | {"allowDebug": True}}, root=project) == []
    assert problems("dev-hub", changes | policy(project, rendered(read_logs=True)), root=project) == []
