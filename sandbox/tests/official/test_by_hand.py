"""`pulumi` by hand: the documented commands work on the sandbox, with the stack file as it is, and cannot change it behind one's back."""

import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.official import by_hand
from sandbox.official.environment import Environment
from sandbox.official.install import _command  # pyright: ignore[reportPrivateUsage]

ROOT = Path(__file__).parents[3]
FAKE = """#!/bin/sh
echo "$PWD: $PULUMI_STACK: $*" >> "{log}"
case "$*" in
  "stack ls"*) echo '[{{"name": "organization/coco/dev-hub"}}]' ;;
  "stack --show-name") echo dev-hub ;;
  "stack export --stack"*) echo '{{"deployment": {{}}}}' ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a `pulumi` on PATH was asked; everything else that it needs is there."""
    path = tmp_path / "path"
    path.mkdir()
    for name in ("pulumi", "pulumi-resource-kubernetes"):
        (path / name).write_text(FAKE.format(log=tmp_path / "log"))
        (path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setenv("TEST_ASSET_KUBE_APISERVER", "/usr/bin/true")
    monkeypatch.setattr("sandbox.official.install.to_build", lambda home: [])  # pyright: ignore[reportUnknownLambdaType]
    monkeypatch.setattr("sandbox.engine.passphrase._ROUNDS", 1)  # nothing is secret here
    monkeypatch.setattr(Environment, "ready", lambda *_: nullcontext())
    monkeypatch.delenv(by_hand.STACK, raising=False)
    return tmp_path / "log"


def typed(tmp_path: Path, *words: str, here: Path = ROOT) -> int:
    return by_hand.main([str(ROOT), str(tmp_path / "home"), str(here), *words])


def asked(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("verb", ["up", "preview", "destroy", "refresh", "import"])
def test_what_runs_the_program_reads_the_stack_file_as_it_is(tmp_path: Path, log: Path, verb: str) -> None:
    assert typed(tmp_path, verb, "--stack", "dev-hub", "--diff") == 0
    file = tmp_path / "home/pulumi/project/stacks/Pulumi.dev-hub.yaml"
    assert asked(log)[-1] == f"{ROOT}: : {verb} --stack dev-hub --diff --config-file {file}"
    assert "coco:cluster" in file.read_text()


@pytest.mark.parametrize("named", [["-s", "dev-hub"], ["--stack=organization/coco/dev-hub"], []])
def test_the_stack_is_the_one_that_pulumi_takes(tmp_path: Path, log: Path, named: list[str]) -> None:
    assert typed(tmp_path, "preview", *named) == 0
    assert asked(log)[-1].endswith("/stacks/Pulumi.dev-hub.yaml")


@pytest.mark.parametrize("before", [["--color", "never"], ["--logtostderr", "-v", "9"]])
def test_flags_before_the_command_hide_it_from_nobody(tmp_path: Path, log: Path, before: list[str]) -> None:
    assert typed(tmp_path, *before, "up", "--stack", "dev-hub") == 0
    assert "--config-file" in asked(log)[-1]


@pytest.mark.parametrize("verb", ["export", "import"])
def test_every_other_command_is_passed_on_as_it_is_from_where_it_was_typed(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv(by_hand.STACK, "dev-spoke")
    assert typed(tmp_path, "stack", verb, "--file", "out.json", here=ROOT / "docs") == 0
    assert asked(log) == [f"{ROOT / 'docs'}: dev-spoke: stack {verb} --file out.json"]


@pytest.mark.parametrize(
    "words", [["config", "set", "coco:a", "b"], ["config", "--stack", "dev-hub", "rm", "a"]]
)
def test_a_change_that_the_next_command_would_lose_is_refused(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert typed(tmp_path, *words) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "takes the configuration from stacks/Pulumi.dev-hub.yaml" in said.replace(f"{ROOT}/", "")
    assert "config" not in " ".join(asked(log))


def test_an_unknown_stack_is_refused(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(tmp_path, "up", "--stack", "nobody") == 1
    assert "nobody" in capsys.readouterr().err
    assert main(["env", "nobody", "--engine", "pulumi", "--home", str(tmp_path / "home")]) == 1


def test_the_command_that_is_put_on_path_is_never_the_one_that_it_asks_for(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert main(["env", "dev-hub", "--engine", "pulumi", "--home", str(home)]) == 0
    text = capsys.readouterr().out
    done = subprocess.run(
        ["/bin/sh", "-c", f"{text}\necho $PATH; echo $PULUMI_STACK; command -v pulumi"],
        capture_output=True,
        text=True,
        check=True,
    )
    path, stack, command = done.stdout.splitlines()
    assert (stack, command) == ("dev-hub", str(home / "pulumi/by-hand/pulumi"))
    monkeypatch.setenv("PATH", path)
    assert _command(home) == str(tmp_path / "path/pulumi")


def test_a_shell_starts_in_the_project_with_the_command_and_the_stack(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = tmp_path / "shell"
    shell.write_text(f'#!/bin/sh\necho "$PWD $PULUMI_STACK $(command -v pulumi)" > {tmp_path}/seen\nexit 5\n')
    shell.chmod(0o755)
    monkeypatch.setenv("SHELL", str(shell))
    home = tmp_path / "home"
    assert main(["shell", "dev-hub", "--engine", "pulumi", "--home", str(home)]) == 5
    assert (tmp_path / "seen").read_text().split() == [
        str(ROOT),
        "dev-hub",
        str(home / "pulumi/by-hand/pulumi"),
    ]


def test_further_arguments_reach_the_engine_pulumi_and_are_refused_by_the_other(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["preview", "--stack", "dev-hub", "--home", str(tmp_path / "home")]
    assert main([*arguments, "--engine", "pulumi", "--", "--target", "x"]) == 0
    assert "--diff --target x" in asked(log)[-1]
    assert main([*arguments, "--", "--target", "x"]) == 2
    assert "only the engine pulumi takes further arguments, here --target x" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["shell", "env"])
def test_the_embedded_engine_has_no_command_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert main([verb, "dev-hub", "--home", str(tmp_path)]) == 2
    assert "make shell and make env are for the engine pulumi" in capsys.readouterr().err
