"""Invariants of the shell scripts that the Makefile and the workflows start."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.config.committed import ROOT


def _run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_workflows_install_the_versions_that_the_program_pins() -> None:
    done = _run(ROOT / ".ci/pinned", "pulumi", "pulumi-kubernetes")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = dict(re.findall(r"(?m)^([a-z-]+)==(\S+)", "\n".join(lines)))
    assert done.stdout.splitlines() == [f"{name}={pins[name]}" for name in ("pulumi", "pulumi-kubernetes")]


def test_a_package_without_a_pin_stops_the_workflow() -> None:
    done = _run(ROOT / ".ci/pinned", "no-such-package")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "requirements.txt does not pin no-such-package\n"


@pytest.fixture
def pull_request(tmp_path: Path) -> Path:
    """A folder with previews of two stacks, and a `gh` that keeps what it was asked and the body it was given."""
    (tmp_path / "previews").mkdir()
    (tmp_path / "previews" / "dev-hub.txt").write_text("long " * 20000 + "\n1 to change\n")
    (tmp_path / "previews" / "dev-spoke.txt").write_text("2 to create\n")
    _program(
        tmp_path / "bin" / "gh",
        'echo "$*" >> calls\n'
        'for argument; do case "$argument" in body=@*) cp "${argument#body=@}" body;; esac; done\n'
        'case "$*" in *--paginate*) cat comments;; esac',
    )
    return tmp_path


def _comment(pull_request: Path, earlier: str) -> list[str]:
    (pull_request / "comments").write_text(earlier)
    done = _run(
        ROOT / ".ci/comment",
        "previews",
        cwd=pull_request,
        PATH=f"{pull_request / 'bin'}:{os.environ['PATH']}",
        REPOSITORY="o/r",
        NUMBER="7",
        COMMIT="abc",
        RUN="https://log",
    )
    assert done.returncode == 0, done.stderr
    return (pull_request / "calls").read_text().splitlines()


def test_a_pull_request_gets_one_comment_that_is_kept_up_to_date(pull_request: Path) -> None:
    first = _comment(pull_request, "")[-1]
    assert first.startswith("api --silent repos/o/r/issues/7/comments --field body=@")
    again = _comment(pull_request, "41\n42\n")[-1]
    assert again.startswith("api --silent --method PATCH repos/o/r/issues/comments/41 --field body=@")


def test_a_long_preview_is_cut_to_its_end_and_every_stack_is_shown(pull_request: Path) -> None:
    _comment(pull_request, "")
    body = (pull_request / "body").read_text()
    assert len(body) < 65536
    assert "\n1 to change\n" in body
    assert "<summary>dev-spoke</summary>\n\n~~~~~~~~diff\n2 to create\n" in body


def test_without_a_fitting_python_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    shell = shutil.which("sh") or "sh"
    done = _run(shell, ROOT / "tools/set_up.sh", cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("No Python 3.11 or newer with the venv module was found: install one")


def test_an_environment_that_no_longer_runs_is_made_by_another_python(tmp_path: Path) -> None:
    shell = shutil.which("sh") or "sh"
    _program(tmp_path / ".venv" / "bin" / "python", "exit 1")
    _program(tmp_path / "bin" / "python3.12", '[ "$1" = -c ] || echo "python3.12 $*"')
    done = _run(shell, ROOT / "tools/set_up.sh", "--dev", cwd=tmp_path, PATH=str(tmp_path / "bin"))
    assert done.stdout == "python3.12 tools/environment.py --dev\n"


@pytest.mark.parametrize(
    ("arguments", "version", "asked", "measured"),
    [
        ([], "3.12", "", "sysmon"),
        ([], "3.11", "", None),
        ([], "3.11", "1", "default"),
        (["tests/config"], "3.12", "1", None),
    ],
)
def test_coverage_is_measured_where_it_is_cheap_or_asked_for_and_for_all_tests_only(
    arguments: list[str], version: str, asked: str, measured: str | None, tmp_path: Path
) -> None:
    answers = 0 if version == "3.12" else 1
    _program(
        tmp_path / ".venv/bin/python",
        f'case "$*" in *sys.version_info*) exit {answers};; *"coverage report"*) echo 93; exit;; esac\n'
        'echo "${COVERAGE_CORE:-default} $*"; exit 5',
    )
    done = _run("sh", ROOT / "tools/test.sh", *arguments, cwd=tmp_path, COVERAGE=asked, COVERAGE_CORE="")
    started, *said = done.stdout.splitlines()
    assert done.returncode == 5, "pytest's own verdict"
    assert started.split()[0] == (measured or "default")
    assert (" --cov " in started, said[-1:] == ["The tests ran 93 % of the lines"]) == (
        (True, True) if measured else (False, False)
    )
