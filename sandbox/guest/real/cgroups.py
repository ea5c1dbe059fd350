"""The part of the cgroups (version 1) that is a guest's own: made before it, bounded, and removed with all below it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.guest.real.confinement import CONTROLLERS, DEVICES, NODES

ROOT = Path("/sys/fs/cgroup")
_PROCESSES = 512
_PATIENCE = 10.0  # seconds


def unavailable() -> str | None:
    """Why this machine has no cgroups that a guest can be bound with."""
    if missing := [name for name in ("memory", "pids", "devices") if not (ROOT / name / "tasks").exists()]:
        return (
            f"guests need cgroups of version 1 with the controllers {', '.join(missing)}: with version 2 alone the devices of the "
            "host could not be kept from a guest"
        )
    if not os.access(ROOT / "devices" / "tasks", os.W_OK):
        return "guests need the right to make cgroups: run this as root"
    return None


def make(name: str, memory: int) -> list[Path]:
    """The guest's directory of each controller. `memory` in bytes. Raises OSError."""
    made: list[Path] = []
    for controller in CONTROLLERS:
        parent = ROOT / controller
        if not (parent / "tasks").exists():
            continue
        directory = parent / name
        directory.mkdir()
        made.append(directory)
        if controller == "cpuset":
            for file in ("cpuset.cpus", "cpuset.mems"):
                (directory / file).write_text((parent / file).read_text())
    (ROOT / "memory" / name / "memory.limit_in_bytes").write_text(str(memory))
    (ROOT / "memory" / name / "memory.use_hierarchy").write_text("1")
    (ROOT / "pids" / name / "pids.max").write_text(str(_PROCESSES))
    (ROOT / "devices" / name / "devices.deny").write_text("a")
    for line in (*(f"{one} rwm" for one in DEVICES), *(f"{one} m" for one in NODES)):
        (ROOT / "devices" / name / "devices.allow").write_text(line)
    return made


def enter(directories: list[Path]) -> None:
    """The calling process, and all that it starts, belongs to the guest."""
    for directory in directories:
        (directory / "cgroup.procs").write_text(str(os.getpid()))


def remove(name: str) -> None:
    """What is in them is killed. Raises TimeoutError when something stays."""
    deadline = time.monotonic() + _PATIENCE
    left = [directory for directory in (ROOT / one / name for one in CONTROLLERS) if directory.exists()]
    while left:
        left = [directory for directory in left if not _removed(directory)]
        if left and time.monotonic() > deadline:
            raise TimeoutError(f"these cgroups cannot be removed: {', '.join(map(str, left))}")
        if left:
            time.sleep(0.02)


def processes(name: str) -> set[int]:
    """Of the guest, with those of its containers."""
    return set(_processes(ROOT / "pids" / name))


def _removed(directory: Path) -> bool:
    """Deepest first."""
    for process in set(_processes(directory)):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    try:
        for below, _, _ in os.walk(directory, topdown=False):
            Path(below).rmdir()
    except OSError:
        return False
    return True


def _processes(directory: Path) -> Iterator[int]:
    for file in directory.rglob("cgroup.procs"):
        try:
            yield from map(int, file.read_text().split())
        except OSError:
            continue
