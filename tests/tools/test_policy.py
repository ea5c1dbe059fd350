"""The policy that is printed is the one that is measured, and nothing but it."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from model.attestation import initdata, workload_documents
from tests.config.committed import ROOT
from tests.tools import deployed
from tools import policy as command
from tools.posture.deployment import Deployment, PostureError

WORKLOAD = "kbs-access"


@pytest.fixture
def hub(home: Path) -> Deployment:
    return deployed.export(home, "dev-hub")


def measured(hub: Deployment, name: str) -> str:
    return initdata.documents(initdata.decode(hub.outputs["profiles"][name]["encoded"]).toml).policy


@pytest.mark.parametrize("profile", ["hardened", "debug"])
def test_the_policy_of_a_profile_is_printed_byte_for_byte_and_nothing_else(
    home: Path, hub: Deployment, capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    assert command.main(["dev-hub", profile, "--home", str(home)]) == 0
    printed = capsys.readouterr()
    assert printed.out == measured(hub, profile)
    assert printed.err == ""


def test_the_policy_of_a_workload_is_that_of_its_pods_with_the_name_of_their_spoke(
    home: Path, hub: Deployment
) -> None:
    spoke = deployed.export(home, "dev-spoke")
    (pods,) = [one for one in spoke.objects("Deployment") if one.object_name == WORKLOAD]
    [annotation] = pods.inputs["spec"]["template"]["metadata"]["annotations"].values()
    shown = initdata.documents(initdata.decode(annotation).toml).policy
    assert command.policy(hub, WORKLOAD) == shown
    assert command.policy(hub, f"{WORKLOAD}@dev-spoke") == shown


def test_a_workload_of_several_spokes_needs_the_name_of_one(hub: Deployment) -> None:
    published = hub.outputs["workloads"][WORKLOAD]
    more = {**published, "accepted": {**published["accepted"], "other": ["ab" * 32]}}
    twice = replace(hub, outputs={**hub.outputs, "workloads": {WORKLOAD: more}})
    with pytest.raises(PostureError, match=r"stands for several.*kbs-access@dev-spoke, kbs-access@other"):
        command.policy(twice, WORKLOAD)
    other = workload_documents.document(published["toml"], "other").toml
    assert command.policy(twice, f"{WORKLOAD}@other") == initdata.documents(other).policy


def test_an_unknown_name_is_answered_with_the_known_ones(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["dev-hub", "hardend", "--home", str(home)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "error: 'hardend' is none of the profiles and workloads of dev-hub: debug, hardened, hello-openshift@dev-spoke, kbs-access@dev-spoke, "
        "kbs-sealed@dev-spoke.\n"
    )


def test_a_spoke_has_no_profiles_of_its_own(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["dev-spoke", "hardened", "--home", str(home)]) == 1
    assert "dev-spoke has no profiles: name a hub" in capsys.readouterr().err


def test_a_document_that_cannot_be_read_is_an_error_with_its_name(hub: Deployment) -> None:
    with pytest.raises(PostureError, match="initdata of hardened cannot be read"):
        command.policy(deployed.with_profile(hub, "hardened", toml="nonsense = ["), "hardened")


def test_what_a_preview_does_not_know_is_no_policy(hub: Deployment) -> None:
    not_yet = deployed.with_profile(hub, "hardened", toml="04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    with pytest.raises(PostureError, match="hardened is not known before the stack is up"):
        command.policy(not_yet, "hardened")


def test_make_says_what_it_needs() -> None:
    done = subprocess.run(
        ["make", "-s", "policy", "STACK=dev-hub"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "PROFILE=hardened" in done.stderr
