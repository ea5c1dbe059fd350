"""The stand-in of pulumi-command does as the real one: it runs the commands, and never one that was not asked for."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.command import CommandStandIn
from sandbox.provider import UNKNOWN, Refused

TYPE = "command:local:Command"


@pytest.fixture
def stand_in(tmp_path: Path) -> CommandStandIn:
    (tmp_path / "programs").mkdir()
    program = tmp_path / "programs" / "greet"
    program.write_text("#!/bin/sh\necho hello $WHOM\n")
    program.chmod(0o755)
    return CommandStandIn(tmp_path, tmp_path / "programs")


def create(stand_in: CommandStandIn, **inputs: Any) -> dict[str, Any]:
    return stand_in.create(TYPE, "one", inputs, None)[1]


def test_what_a_command_prints_is_its_output(stand_in: CommandStandIn) -> None:
    made = create(stand_in, create="greet; echo oops >&2", environment={"WHOM": "world"})
    assert (made["stdout"], made["stderr"]) == ("hello world", "oops")


def test_it_runs_in_the_project(stand_in: CommandStandIn, tmp_path: Path) -> None:
    assert create(stand_in, create="pwd")["stdout"] == str(tmp_path)


def test_a_command_that_fails_says_what_it_printed(stand_in: CommandStandIn) -> None:
    with pytest.raises(Refused, match='exit status 3: running "echo out; echo why >&2; exit 3":\nout\nwhy'):
        create(stand_in, create="echo out; echo why >&2; exit 3")


def test_one_that_takes_too_long_is_killed(stand_in: CommandStandIn) -> None:
    with pytest.raises(Refused, match="killed"):
        stand_in.create(TYPE, "one", {"create": "exec sleep 5"}, 0.1)


@pytest.mark.parametrize(
    ("update", "said"), [("echo was $PULUMI_COMMAND_STDOUT", "was hello"), (None, "hello")]
)
def test_a_change_runs_what_is_for_changes_or_else_the_creation_again(
    stand_in: CommandStandIn, update: str | None, said: str
) -> None:
    inputs = {"create": "echo hello", **({"update": update} if update else {})}
    made = create(stand_in, **inputs)
    after = stand_in.update(TYPE, "id", inputs, made, {**inputs, "environment": {}}, False, None)
    assert after["stdout"] == said


def test_a_preview_runs_nothing_and_knows_no_output(stand_in: CommandStandIn, tmp_path: Path) -> None:
    inputs = {"create": "touch made", "update": "touch changed"}
    previewed = stand_in.preview_create(TYPE, "one", inputs)
    changed = stand_in.update(TYPE, "id", inputs, {"stdout": "a"}, inputs, True, None)
    assert previewed["stdout"] == changed["stdout"] == UNKNOWN
    assert {path.name for path in tmp_path.iterdir()} == {"programs"}


def test_a_deletion_knows_what_was_printed(stand_in: CommandStandIn, tmp_path: Path) -> None:
    stand_in.delete(TYPE, "id", {"delete": "echo $PULUMI_COMMAND_STDOUT > gone"}, {"stdout": "a"}, None)
    assert (tmp_path / "gone").read_text() == "a\n"
    stand_in.delete(TYPE, "id", {}, {}, None)


def test_only_a_trigger_replaces(stand_in: CommandStandIn) -> None:
    diff = stand_in.diff(TYPE, "id", {"create": "a", "triggers": [1]}, {}, {"create": "b", "triggers": [2]})
    assert set(diff.changed) == {"create", "triggers"}
    assert diff.replace == ("triggers",)


@pytest.mark.parametrize(
    "inputs", [{"assetPaths": ["a"]}, {"create": 3}, {"environment": "A=b"}, {"nonsense": "a"}]
)
def test_what_it_does_not_know_is_refused(stand_in: CommandStandIn, inputs: dict[str, Any]) -> None:
    assert stand_in.check(TYPE, "one", inputs)
    assert stand_in.check("command:remote:Command", "one", {})
    assert stand_in.check(TYPE, "one", {"create": "a", "environment": {"A": UNKNOWN}}) == []
