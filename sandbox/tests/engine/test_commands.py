import json

import pytest

from sandbox import __main__ as command_line
from sandbox.engine import passphrase, propertydiff
from sandbox.engine.values import SecretValue
from sandbox.provider import UNKNOWN
from sandbox.tests.engine.toy import FEW_ROUNDS, Playground


@pytest.fixture
def there(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> Playground:
    monkeypatch.setattr(passphrase, "_ROUNDS", FEW_ROUNDS)
    monkeypatch.chdir(playground.root)
    return playground


def test_outputs_and_export_print_json_and_nothing_else(
    there: Playground, capsys: pytest.CaptureFixture[str]
) -> None:
    there.up('a = Thing("a")\npulumi.export("hidden", a.secret)\npulumi.export("open", a.answer)')
    capsys.readouterr()
    assert command_line.main(["outputs", "solo"]) == 0
    assert json.loads(capsys.readouterr().out) == {"hidden": "[secret]", "open": "answer of a-here"}
    assert command_line.main(["outputs", "solo", "--show-secrets"]) == 0
    assert json.loads(capsys.readouterr().out)["hidden"] == "canary of a-here"
    assert command_line.main(["export", "solo"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(there.state_file().read_text())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["outputs", "solo"], "the stack solo has never been brought up"),
        (["export", "other"], "no stack named 'other' found"),
        (["up", "--env", "prod"], "environment 'prod' has no stacks"),
        (["up", "--engine", "steam"], "steam"),
        (["plan", "solo", "--engine", "pulumi"], "only the embedded engine prints a plan"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    there: Playground, capsys, arguments: list[str], sentence: str
) -> None:
    assert command_line.main(arguments) != 0
    assert sentence in capsys.readouterr().err


def test_a_broken_stack_file_is_named(there: Playground, capsys) -> None:
    there.configure("solo", "config: [1, 2]\n")
    assert command_line.main(["up", "--stack", "solo"]) == 1
    assert "Pulumi.solo.yaml is not a stack file" in capsys.readouterr().err


def test_a_difference_shows_what_matters_and_no_secret() -> None:
    old = {
        "a": SecretValue("x"),
        "long": "l" * 500,
        "text": "one\ntwo\n",
        "list": [1, {"k": 1}],
        "gone": True,
        "b.c": 1,
    }
    new = {
        "a": SecretValue("y"),
        "long": UNKNOWN,
        "text": "one\nthree\n",
        "list": [1, {"k": 2}],
        "new": None,
        "b.c": 2,
    }
    assert list(propertydiff.lines(old, new, ("list",))) == [
        "~ a: [secret] => [secret]",
        '~ ["b.c"]: 1 => 2',
        "- gone: true",
        "~ list[1].k: 1 => 2  (forces replacement)",
        f"~ long: {'l' * 52}... (500 characters) => [known after up]",
        "+ new: null",
        "~ text:",
        "    @@ -1,2 +1,2 @@",
        "     one",
        "    -two",
        "    +three",
    ]
