"""A guest from the host's side: made, reached and ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from sandbox.guest.real import cgroups, relay
from sandbox.guest.real.plan import NAMESPACES, POD_SOCKET, Plan, Program, Way

MEMORY = 1 << 30
"""Bytes that a guest may use, its file systems in memory included."""
_MARK = "coco-guest-"
_PROJECT = Path(__file__).resolve().parents[3]


class GuestFailed(Exception):
    """The guest did not start, or is not fit for it; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """`name`, at `port` of the guest's loopback, is answered by `host`:`to` of this machine."""

    name: str
    port: int
    to: int
    host: str = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A guest that runs. `shared` is the folder with its sockets, `logs` the one with what its programs print."""

    name: str
    shared: Path
    logs: Path
    process: subprocess.Popen[str]

    def alive(self) -> bool:
        return self.process.poll() is None

    def seen(self) -> frozenset[str]:
        """What a request that the agent obeys would change: the guest's mounts, its files in memory, and its processes."""
        first = _first_process(self.process.pid)
        mounts = Path(f"/proc/{first}/mountinfo").read_text().splitlines()
        names = {f"process {one} {_name(one)}" for one in cgroups.processes(self.name)}
        files = {
            f"file {one}"
            for place in ("run", "tmp", "etc")
            for one in _files(Path(f"/proc/{first}/root/{place}"))
        }
        return frozenset([*mounts, *names, *files])

    def log(self, program: str) -> str:
        return (self.logs / f"{program}.log").read_text(errors="replace")

    @contextmanager
    def reachable(self, port: int) -> Generator[int, None, None]:
        """The port of this machine's loopback at which the pod's `port` answers."""
        with relay.listen_on("127.0.0.1", 0) as listener:
            thread = relay.start(listener, relay.to_port_at(self.shared / POD_SOCKET, port))
            try:
                yield listener.getsockname()[1]
            finally:
                relay.stop(listener)
                thread.join()


def unavailable() -> str | None:
    """Why no guest can run on this machine, whatever its programs; None when one can."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return "guests run on Linux on x86-64 alone"
    if os.geteuid() != 0:
        return "guests are made of namespaces, cgroups and mounts: run this as root, on a machine of your own"
    if shutil.which("unshare") is None:
        return "the program unshare (util-linux) is not on PATH"
    if not _may_make_namespaces():
        return "this machine does not let root make namespaces, as a container without that right"
    return cgroups.unavailable()


@contextmanager
def running(
    *,
    hostname: str,
    programs: Sequence[Program],
    binaries: Mapping[str, Path],
    files: Mapping[str, str],
    executables: Mapping[str, str],
    targets: Sequence[Target] = (),
    memory: int = MEMORY,
) -> Generator[Machine, None, None]:
    """A guest whose programs serve; nothing of it is left when the block ends. Raises GuestFailed.

    `binaries`: by place in the guest, programs of this machine. `files`: by place, text. `executables`: by place, in base64.
    """
    if reason := unavailable():
        raise GuestFailed(reason)
    with contextlib.ExitStack() as stack:
        _sweep()
        name = f"{_MARK}{os.getpid()}-{uuid.uuid4().hex[:12]}"
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-")))
        shared = folder / "shared"
        shared.mkdir(mode=0o700)
        ways = [_way(stack, shared, number, one) for number, one in enumerate(targets)]
        names = "".join(f"{way.address} {one.name}\n" for way, one in zip(ways, targets, strict=True))
        plan = Plan(
            name=name,
            hostname=hostname,
            folder=str(folder),
            memory=memory,
            host_network=os.stat("/proc/self/ns/net").st_ino,
            binaries={place: str(path) for place, path in binaries.items()},
            files={
                "/etc/hosts": f"127.0.0.1 localhost\n{names}",
                "/etc/nsswitch.conf": "hosts: files\n",
                **files,
            },
            executables=executables,
            ways=tuple(ways),
            programs=tuple(programs),
        )
        stack.callback(cgroups.remove, name)
        try:
            cgroups.make(name, memory)
            process = stack.enter_context(_started(plan, folder))
        except OSError as error:
            raise GuestFailed(f"the guest cannot be made: {error}") from error
        yield Machine(name=name, shared=shared, logs=folder, process=process)


@lru_cache(maxsize=1)
def _may_make_namespaces() -> bool:
    tried = ["unshare", *NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/tmp"]  # noqa: S108 -- in a mount namespace that then ends
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def _sweep() -> None:
    """Remove what guests of killed processes left: those took their guests with them, and could not clean up."""

    def orphaned(name: str) -> bool:
        maker = name.removeprefix(_MARK).partition("-")[0]
        return maker.isdecimal() and not _runs(maker)

    for name in {place.name for place in cgroups.ROOT.glob(f"*/{_MARK}*") if orphaned(place.name)}:
        cgroups.remove(name)
    for folder in Path(tempfile.gettempdir()).glob(f"{_MARK}*"):
        if orphaned(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: str) -> bool:
    """A process that ended, and whose end nobody has read, has no command line any more."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False


def _first_process(unshare: int) -> int:
    return int(Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()[0])


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return "ended"


def _files(place: Path) -> Iterator[str]:
    for folder, names, others in os.walk(place):
        yield from (f"{folder.removeprefix(str(place.parent))}/{one}" for one in (*names, *others))


def _way(stack: contextlib.ExitStack, shared: Path, number: int, target: Target) -> Way:
    path = shared / f"out-{number}.sock"
    listener = stack.enter_context(relay.listen_at(path))
    relay.start(listener, relay.to_address(target.host, target.to))
    stack.callback(relay.stop, listener)
    return Way(address=f"127.0.1.{number + 1}", port=target.port, socket=path.name)


@contextmanager
def _started(plan: Plan, folder: Path) -> Generator[subprocess.Popen[str], None, None]:
    file = folder / "plan.json"
    file.write_text(plan.dump(), "utf-8")
    with (folder / "guest.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.guest.real.inside", "join", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=_PROJECT,
        )
    try:
        assert process.stdin
        assert process.stdout
        said = process.stdout.readline().strip()
        if said != "ready":
            raise GuestFailed(_why(said, folder))
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    pipes: tuple[IO[str] | None, ...] = (process.stdin, process.stdout)
    for pipe in pipes:
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
    process.kill()  # unshare, with whom the guest's first process ends, and with it all others
    process.wait()


def _why(said: str, folder: Path) -> str:
    """With the end of each log, which is gone with the guest."""
    logs = [
        f"{path.name}:\n{text[-1500:]}"
        for path in sorted(folder.glob("*.log"))
        if (text := path.read_text(errors="replace").strip())
    ]
    return "\n".join([said or "the guest's first process ended", *logs])


__all__ = ["MEMORY", "GuestFailed", "Machine", "Target", "running", "unavailable"]
