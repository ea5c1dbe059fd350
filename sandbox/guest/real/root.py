"""The file system of a guest: programs and libraries of the host, read-only, and nothing else of it."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

from sandbox.guest.real import system
from sandbox.guest.real.cgroups import ROOT as CGROUPS
from sandbox.guest.real.confinement import CONTROLLERS
from sandbox.guest.real.plan import SHARED, Plan

_DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
_TOP = ("bin", "sbin", "lib", "lib32", "lib64")
_GUARDED = ("sys", "sysrq-trigger", "irq", "bus", "fs")
_HARMLESS = system.READ_ONLY | system.NO_SETUID | system.NO_DEVICES


def enter(plan: Plan) -> None:
    """It becomes the root of the calling process, which has mounts, processes and cgroups of its own already. Raises OSError."""
    root = Path(plan.folder) / "root"
    root.mkdir()
    system.mount("tmpfs", root, "tmpfs", system.NO_SETUID, "mode=755")
    for part in ("proc", "sys", "run", "dev", "tmp", "etc", "usr", "var", SHARED.strip("/")):
        (root / part).mkdir()
    _programs(root)
    system.mount("proc", root / "proc", "proc", system.NO_SETUID | system.NO_DEVICES | system.NO_EXEC)
    for part in _GUARDED:
        if (root / "proc" / part).exists():
            system.bind(root / "proc" / part, root / "proc" / part, system.READ_ONLY)
    system.mount("sysfs", root / "sys", "sysfs", _HARMLESS | system.NO_EXEC)
    _cgroups(root)
    for part in ("run", "tmp"):
        system.mount("tmpfs", root / part, "tmpfs", system.NO_SETUID | system.NO_DEVICES, "mode=755")
    _devices(root)
    system.bind(Path(plan.folder) / "shared", root / SHARED.strip("/"), system.NO_SETUID | system.NO_DEVICES)
    for place, text in plan.files.items():
        _written(root, place, text.encode(), 0o644)
    for place, content in plan.executables.items():
        _written(root, place, base64.b64decode(content), 0o755)
    for place, source in plan.binaries.items():
        _written(root, place, b"", 0o755)
        system.bind(Path(source).resolve(), root / place.lstrip("/"), _HARMLESS)
    system.pivot_root(root)


def _programs(root: Path) -> None:
    system.bind(Path("/usr"), root / "usr", _HARMLESS)
    # /usr/local is the pod VM's own place, and the host's may hold anything.
    system.mount("tmpfs", root / "usr/local", "tmpfs", system.NO_SETUID | system.NO_DEVICES, "mode=755")
    for name in _TOP:
        host = Path("/") / name
        if host.is_symlink():
            (root / name).symlink_to(os.readlink(host))
        elif host.is_dir():
            (root / name).mkdir()
            system.bind(host, root / name, _HARMLESS)
    cache = Path("/etc/ld.so.cache")
    if cache.exists():
        (root / "etc/ld.so.cache").write_bytes(cache.read_bytes())


def _cgroups(root: Path) -> None:
    """Of the cgroup namespace: what is above the guest's own does not exist."""
    place = root / str(CGROUPS).lstrip("/")
    system.mount("tmpfs", place, "tmpfs", system.NO_SETUID | system.NO_DEVICES | system.NO_EXEC, "mode=755")
    for controller in _controllers():
        (place / controller).mkdir()
        system.mount("cgroup", place / controller, "cgroup", 0, controller)


def _controllers() -> Iterator[str]:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = {name for line in lines for name in line.split(":")[1].split(",")}
    yield from (name for name in CONTROLLERS if name in own)


def _devices(root: Path) -> None:
    devices = root / "dev"
    system.mount("tmpfs", devices, "tmpfs", system.NO_SETUID, "mode=755")
    for name, (major, minor) in _DEVICES.items():
        os.mknod(devices / name, 0o020666, os.makedev(major, minor))
        (devices / name).chmod(0o666)
    for name in ("pts", "shm", "mqueue"):
        (devices / name).mkdir()
    system.mount("devpts", devices / "pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620")
    (devices / "ptmx").symlink_to("pts/ptmx")
    system.mount("tmpfs", devices / "shm", "tmpfs", system.NO_SETUID | system.NO_DEVICES, "mode=1777")
    system.mount("mqueue", devices / "mqueue", "mqueue")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (devices / name).symlink_to(target)


def _written(root: Path, place: str, content: bytes, mode: int) -> None:
    path = root / place.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
