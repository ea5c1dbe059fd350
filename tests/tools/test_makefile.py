import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-s", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["outputs", "export", "shell", "env"])
def test_a_missing_stack_is_asked_for_on_stderr_alone(target: str) -> None:
    done = make(target, "STACK=")
    assert done.returncode != 0
    assert (
        f"make {target} needs to know the stack, for example: make -s {target} STACK=dev-hub" in done.stderr
    )
    assert done.stdout == ""


def test_a_missing_workload_is_asked_for_on_stderr_alone() -> None:
    done = make("pin", "WORKLOAD=")
    assert done.returncode != 0
    assert "make pin needs to know the workload, for example: make -s pin WORKLOAD=kbs-access" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "variable", ["STACK", "ENV", "ENGINE", "BASE", "OSC", "WORKLOAD", "PROFILE", "KUBECONFIG"]
)
@pytest.mark.parametrize(
    "value", ["a';touch {0};'", "$(shell touch {0})", "`touch {0}`'", "a\ntouch {0}", "$$(touch {0})"]
)
def test_a_value_of_make_never_runs_as_code(variable: str, value: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for target in ("help", "outputs", "policy", "pin"):
        done = make(target, f"{variable}={value.format(mark)}")
        assert done.returncode != 0
        assert f"{variable} must be a plain name or path" in done.stderr
    assert not mark.exists()


def test_a_target_never_runs_as_code(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    done = make("outputs", f"x';touch {mark};'")
    assert done.returncode != 0
    assert "MAKECMDGOALS must be a plain name" in done.stderr
    assert not mark.exists()


def test_help_is_the_default_and_names_every_target_for_people() -> None:
    listed = set(re.findall(r"^  ([a-z-]+) ", make().stdout, re.MULTILINE))
    declared = set(re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"up", "preview", "down", "outputs", "export", "test", "check", "bench", "help"} <= listed
    assert listed == declared - {"one-stack", "one-workload", "one-profile", "environment environment-dev"}
