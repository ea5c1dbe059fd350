"""What `make posture` does on the command line: where it reads from, what it compares, and what it says of a mistake."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.config.committed import ROOT
from tests.tools import deployed
from tools.posture import __main__ as command
from tools.posture import deployment, difference
from tools.posture.deployment import PostureError
from tools.program_files import RUNNABLE


def run(*arguments: str) -> int:
    return command.main(arguments)


def test_the_command_reports_on_a_kept_export(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, page = str(home / "stacks/dev-hub.json"), tmp_path / "posture.html"
    assert run("dev-hub", "--from", kept, "--json", "--html", str(page)) == 0
    assert json.loads(capsys.readouterr().out)["stack"] == "dev-hub"
    assert page.read_text().startswith("<!doctype html>")
    assert run("dev-hub", "--from", kept, "--against", kept) == 0
    assert "No difference." in capsys.readouterr().out


def test_a_contract_has_no_posture_of_its_own(home: Path) -> None:
    hub = deployed.export(home, "dev-hub")
    alone = tuple(one for one in hub.resources if one.type == deployment.STACK)
    with pytest.raises(PostureError, match="dev-hub only repeats what its hub publishes"):
        deployed.posture(replace(hub, resources=alone))


def test_the_command_reads_the_hub_of_a_spoke_from_the_same_sandbox(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dev-spoke", "--home", str(home), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["notes"], found["untrusted"]["hub"]) == ([], "dev-hub")
    attacks = {one["name"]: one for one in found["untrusted"]["attacks"]}
    assert set(attacks) == {
        f"{one['name']}"
        for one in found["untrusted"]["workloads"]
        if one["state"] == "current" and "/" in one["name"]
    }
    pinned = [one for name, one in attacks.items() if name != "hello-samples/hello-debug"]
    assert [(one["through"], one["tried"] > 40) for one in pinned] == [(0, True)] * 3
    assert attacks["kbs-access/kbs-access"]["secrets"][0] == "kbs:///default/kbsres1/key1"
    assert attacks["hello-samples/hello-debug"]["through"] > 0


@pytest.mark.integration
def test_what_the_stack_files_would_give_is_what_was_brought_up(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dev-hub", "--home", str(home), "--against", "last-up") == 0
    assert "No difference." in capsys.readouterr().out


@pytest.mark.integration
def test_a_planned_change_is_shown_before_it_is_made(home: Path, tmp_path: Path) -> None:
    """The project of another revision, previewed against the same state."""
    project = tmp_path / "project"
    project.mkdir()
    for part in RUNNABLE:
        subprocess.run(["cp", "-r", str(ROOT / part), str(project)], check=True)
    file = project / "stacks/Pulumi.dev-hub.yaml"
    stack = file.read_text()
    # A profile, and a workload that reads a secret: the resource policy knows only the second.
    changed = stack.replace("hardened: {}", "hardened: {readLogs: true}")
    changed = changed.replace(
        "kbs-access: {spokes: [dev-spoke]}", "kbs-access: {spokes: [dev-spoke], readLogs: true}"
    )
    assert changed.count("readLogs: true") == stack.count("readLogs: true") + 2
    file.write_text(changed)
    sandbox = command.sources.SandboxStates(engine="embedded", home=home)
    before, after = sandbox.export("dev-hub"), sandbox.planned("dev-hub", project)
    changes = {one.what for one in difference.between(deployed.posture(before), deployed.posture(after))}
    assert {"PCR8", "profile hardened: policy.rego", "resource-policy.rego"} <= changes
    assert sandbox.export("dev-hub") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dev-hub", "--from", "missing.json"], "missing.json cannot be read"),
        (["dev-hub", "--from", "Pulumi.yaml"], "no stack export"),
        (["nobody", "--home", "HOME"], "no stack named 'nobody' found"),
        (["dev-hub", "--home", "HOME", "--against", "no-such-revision"], "neither last-up nor a file"),
        (["dev-hub", "--home", "EMPTY"], "never been brought up"),
        (["dev-hub", "--from", "SPOKE"], "This is the export of coco-dev-spoke"),
    ],
)
def test_what_cannot_be_reported_on_is_said_in_a_sentence(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    places = {"HOME": str(home), "EMPTY": str(tmp_path), "SPOKE": str(home / "stacks/dev-spoke.json")}
    assert run(*(places.get(one, one) for one in arguments)) == 1
    assert words in capsys.readouterr().err


def test_a_planned_value_that_is_not_known_is_no_report() -> None:
    assert deployment.unknown({"a": ["04da6b54-80e4-46f7-96ec-b56ff0331ba9"]})
    with pytest.raises(PostureError, match="is not up"):
        deployment.read('{"deployment": {"resources": []}}', "dev-hub")


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.posture", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--against" in done.stdout
