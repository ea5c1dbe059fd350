"""The policy engine of the agent in a pod VM, as a judge: what it would answer to requests, with the state that it keeps.

regorus in the two versions that agents have (kata-containers before 3.30 reads Rego v0, later ones v1), driven as the agent
drives it. Not the agent's own build: that pins regorus by commit, and takes lines up to 64 KiB where 0.9.1 takes 1024 columns.
Built with cargo from crates that Cargo.lock pins, once, into the sandbox's folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

ENGINES = ("0.2.8", "0.9.1")
"""Versions of regorus: of agents of kata-containers before 3.30, and of later ones."""
Request = tuple[str, Mapping[str, Any]]
"""The name of the rule that is asked, and the input."""

_CRATE = Path(__file__).parent
_NO_CRATES = re.compile(
    "failed to download|download of .* failed|Could not resolve|Could not connect|timed out|403|offline"
)
_SOURCES = ("Cargo.toml", "Cargo.lock", "src/main.rs")


class EngineError(Exception):
    """The engine cannot be built or used here; the text says why and what to do."""


class CratesOffline(EngineError):
    """The crates cannot be downloaded."""


class Job(NamedTuple):
    """A policy, the requests in their order, and what earlier ones left in its state: nothing (`{}`) at the agent's start."""

    engine: str
    policy: str
    requests: Sequence[Request]
    state: Mapping[str, Any] = {}


def unavailable(home: Path) -> str | None:
    """Why policies cannot be judged on this machine; None when they can, if need be after a build into `home`."""
    if _binary(home).exists() or shutil.which("cargo"):
        return None
    return "the policy engine is not built and there is no cargo to build it with: install Rust (https://rustup.rs)"


def build(home: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The program, below `home`, compiled unless it is there. Raises EngineError. `say` is told what takes minutes."""
    binary = _binary(home)
    if binary.exists():
        return binary
    if reason := unavailable(home):
        raise EngineError(reason)
    binary.parent.mkdir(parents=True, exist_ok=True)
    with (binary.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds it done
        if not binary.exists():
            say(f"building the policy engine, once, from the crates pinned in {_CRATE / 'Cargo.lock'}")
            _compile(binary)
    return binary


def judge(binary: Path, jobs: Iterable[Job]) -> list[list[str | None]]:
    """For each job, an answer a request: None where the agent obeys, else why not. Raises EngineError.

    A policy that the engine cannot load is an EngineError, as an agent with it does not start.
    """
    lines = [json.dumps(job._asdict(), ensure_ascii=False) for job in jobs]
    done = subprocess.run(
        [str(binary)], input="\n".join(lines), capture_output=True, text=True, encoding="utf-8", check=False
    )
    # regorus 0.2.8 prints what it cannot parse as well.
    answers = [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]
    if done.returncode or len(answers) != len(lines):
        raise EngineError(f"The policy engine ended with {done.returncode}: {done.stderr[-2000:]}")
    if failed := [answer["error"] for answer in answers if "error" in answer]:
        raise EngineError(f"The policy cannot be loaded: {failed[0]}")
    return [answer["answers"] for answer in answers]


class Judge:
    """The running program, for whoever needs an answer before the next question. Use it as a context manager."""

    def __init__(self, binary: Path) -> None:
        self._process = subprocess.Popen(
            [str(binary)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__(None, None, None)  # closes its input, at which it ends

    def ask(self, job: Job) -> tuple[list[str | None], Mapping[str, Any]]:
        """As `judge`, with the state that the last request left."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(job._asdict(), ensure_ascii=False) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise EngineError(f"The policy engine ended: {error}") from error
        for line in self._process.stdout:
            if line.startswith("{"):
                answer = json.loads(line)
                if "error" in answer:
                    raise EngineError(f"The policy cannot be loaded: {answer['error']}")
                return answer["answers"], answer["state"]
        raise EngineError("The policy engine ended before it answered.")


def _binary(home: Path) -> Path:
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((_CRATE / name).read_bytes())
    return home.resolve() / "policy-engine" / digest.hexdigest()[:16] / "policy-engine"


def _compile(binary: Path) -> None:
    target = binary.parent / "target"
    command = ["cargo", "build", "--release", "--locked", "--manifest-path", str(_CRATE / "Cargo.toml")]
    done = subprocess.run(
        ["nice", *command] if shutil.which("nice") else command,
        env={**os.environ, "CARGO_TARGET_DIR": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        failure = CratesOffline if _NO_CRATES.search(done.stderr) else EngineError
        raise failure(f"The policy engine could not be built:\n{done.stderr[-2000:]}")
    os.replace(target / "release" / "policy-engine", binary)
    shutil.rmtree(target)
