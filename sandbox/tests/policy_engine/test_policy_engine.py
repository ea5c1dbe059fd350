"""The policy engine is built once, and says clearly where it cannot be."""

import os
import stat
from pathlib import Path

import pytest

from sandbox import policy_engine
from sandbox.policy_engine import CratesOffline, EngineError, Job


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def cargo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a cargo is looked for first."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return folder / "cargo"


def test_without_cargo_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install Rust" in str(policy_engine.unavailable(tmp_path / "home"))
    with pytest.raises(EngineError, match="no cargo to build it with"):
        policy_engine.build(tmp_path / "home")


def test_it_is_built_once_from_the_pins(tmp_path: Path, cargo: Path) -> None:
    program(
        cargo,
        'echo "$@" >> "$0.log"; mkdir -p $CARGO_TARGET_DIR/release; echo x > $CARGO_TARGET_DIR/release/policy-engine',
    )
    said: list[str] = []
    binary = policy_engine.build(tmp_path / "home", said.append)
    assert binary.read_text() == "x\n"
    assert policy_engine.build(tmp_path / "home", said.append) == binary
    assert len(said) == 1
    assert "Cargo.lock" in said[0]
    [call] = Path(f"{cargo}.log").read_text().splitlines()
    assert "--locked" in call


@pytest.mark.parametrize(
    ("complaint", "kind"),
    [
        ("error: failed to download from crates.io", CratesOffline),
        ("error[E0308]: mismatched types", EngineError),
    ],
)
def test_a_failed_build_says_why(tmp_path: Path, cargo: Path, complaint: str, kind: type[Exception]) -> None:
    program(cargo, f"echo '{complaint}' >&2; exit 101")
    with pytest.raises(EngineError) as caught:
        policy_engine.build(tmp_path / "home")
    assert type(caught.value) is kind
    assert complaint in str(caught.value)


def test_a_judge_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    broken = program(tmp_path / "engine", "echo 'out of memory' >&2; exit 3")
    with pytest.raises(EngineError, match="ended with 3: out of memory"):
        policy_engine.judge(broken, [Job("0.2.8", "package agent_policy", [])])
