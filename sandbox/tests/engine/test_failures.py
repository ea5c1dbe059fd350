import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.engine.errors import SandboxError
from sandbox.tests.engine import toy
from sandbox.tests.engine.toy import KILL, Playground

REPOSITORY = Path(toy.__file__).parents[3]


def test_a_failure_stops_its_dependents_and_nothing_else(playground: Playground) -> None:
    body = """
a = Thing("a", FAULT)
Thing("dependent", {"value": a.answer})
Thing("ordered", opts=options(depends_on=[a]))
Thing("child", opts=options(parent=a))
Thing("independent", {"value": Thing("b").answer})
"""
    playground.up('Thing("former")')
    assert not playground.up(body.replace("FAULT", '{"refuse": "not today"}'))
    assert playground.cloud.log == ["create b", "create independent"]
    assert "a: No: not today" in playground.printed
    assert "former" in playground.names()
    assert playground.up(body.replace("FAULT", "{}"))
    assert playground.cloud.log[0] == "create a"
    assert sorted(playground.cloud.log[1:-1]) == ["create child", "create dependent", "create ordered"]
    assert playground.cloud.log[-1] == "delete former"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ('raise pulumi.RunError("coco:thing is wrong")', "error: coco:thing is wrong"),
        ("raise ValueError(12)", "ValueError: 12"),
    ],
)
def test_a_program_that_fails_leaves_the_state_as_it_was(
    playground: Playground, error: str, shown: str
) -> None:
    assert not playground.up(error)
    assert not playground.state_file().exists()
    playground.up('Thing("a")\npulumi.export("x", 1)')
    before = playground.state_file().read_bytes()
    assert not playground.up(f'Thing("b")\n{error}')
    assert playground.cloud.log == []
    assert playground.state_file().read_bytes() == before
    assert shown in playground.printed
    assert ("Traceback" in playground.printed or "__main__.py" in playground.printed) == (
        "ValueError" in shown
    )


def test_two_resources_cannot_share_a_name(playground: Playground) -> None:
    assert not playground.up('Thing("a")\nThing("a")')
    assert "Duplicate resource URN 'urn:pulumi:solo::toy::toy:index:Thing::a'" in playground.printed


def test_every_refused_input_is_named(playground: Playground) -> None:
    playground.program('Thing("a", {"xa": 1, "xb": 2})\nThing("b", {"xc": 3})')
    assert not playground.run("preview")
    for key in ("xa", "xb", "xc"):
        assert f"{key}: is unknown" in playground.printed


def test_what_is_not_ready_is_kept_and_waited_for_again(playground: Playground) -> None:
    assert not playground.up('Thing("a", {"unready": True})')
    assert "waited in vain" in playground.printed
    assert playground.deployment()["resources"][-1]["initErrors"] == ["waited in vain"]
    assert playground.up()
    assert playground.cloud.log == ["update a"]
    assert playground.up()
    assert playground.cloud.log == []


FIRST = 'a = Thing("a")\nb = Thing("b", {"value": a.answer})\nThing("old")\nThing("moving", {"place": "x"})'
THEN = (
    FIRST.replace('Thing("a")', 'Thing("a", {"value": 2})')
    .replace('"x"', '"y"')
    .replace('Thing("old")', 'Thing("new")')
)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "operation", ["update a", "create new", "delete moving", "create moving", "delete old"]
)
def test_up_converges_after_it_was_killed(playground: Playground, operation: str, moment: str) -> None:
    verb, name = operation.split()
    playground.up(FIRST)
    playground.program(THEN)
    environment = {**os.environ, KILL: f"{operation} {moment}", "PYTHONPATH": str(REPOSITORY)}
    killed = subprocess.run([sys.executable, toy.__file__], cwd=playground.root, env=environment, check=False)
    assert killed.returncode == -9
    assert playground.run("preview")
    assert playground.up()
    assert f"interrupted while {verb.rstrip('e')}ing {name}" in playground.printed
    assert playground.cloud.things == {
        "a-here": {"value": 2},
        "b-here": {"value": "answer of a-here"},
        "new-here": {},
        "moving-here": {"place": "y"},
    }
    assert "pending_operations" not in playground.deployment()
    assert sorted(playground.names()) == ["a", "b", "moving", "new"]
    assert playground.up()
    assert playground.cloud.log == []


def test_an_interrupted_change_that_is_taken_back_is_undone(playground: Playground) -> None:
    """The killed update took effect: without finishing it first, the old value would look like no change."""
    playground.up(FIRST)
    playground.program(THEN)
    environment = {**os.environ, KILL: "update a after", "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, toy.__file__], cwd=playground.root, env=environment, check=False)
    assert playground.up(FIRST)
    assert playground.cloud.things["a-here"] == {}


def test_a_second_run_at_the_same_time_is_refused(playground: Playground) -> None:
    with playground.workspace().locked(), pytest.raises(SandboxError, match=r"another run .* is at work"):
        playground.run("preview")
