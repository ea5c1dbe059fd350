"""The first process of a guest: binds itself, starts the guest's programs in their order, and ends with them or with the host's.

Started by `machine.py` with the plan on its command line and a pipe at its standard input, whose end means that it shall end. It
says on its standard output `ready`, or why not.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sandbox.guest.real import cgroups, confinement, relay, root, system
from sandbox.guest.real.plan import NAMESPACES, POD_NETWORK, POD_SOCKET, SHARED, Plan, Program

PATIENCE = 30.0
"""Seconds that a program gets until it serves."""


def main() -> None:
    """Twice: outside of the guest's namespaces, whose cgroups must be entered first, and then as their first process."""
    stage, file = sys.argv[1:]
    plan = Plan.load(Path(file).read_text("utf-8"))
    if stage == "join":
        cgroups.enter([one for one in _own_cgroups(plan) if one.exists()])
        command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "run", file]
        os.execvp("unshare", ["unshare", *NAMESPACES, "--kill-child", *command])  # noqa: S606
    try:
        _Guest(plan).run()
    except (OSError, RuntimeError) as error:
        _say(f"the guest does not start: {error}")
        sys.exit(1)


class _Guest:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.running: dict[int, str] = {}
        self.logs = {one.name: _log(Path(plan.folder) / f"{one.name}.log") for one in plan.programs}

    def run(self) -> None:
        socket.sethostname(self.plan.hostname)
        root.enter(self.plan)
        system.raise_loopback()
        self._network_of_pod()
        confinement.bind_capabilities()
        if found := list(confinement.problems(self.plan.host_network, self.plan.memory)):
            raise RuntimeError(f"it is not bound: {'; '.join(found)}")
        for way in self.plan.ways:
            listener = relay.listen_on(way.address, way.port)
            self._fork(
                "relay", lambda it=listener, to=way.socket: _serve(it, relay.to_file(Path(SHARED, to)))
            )
            listener.close()
        for program in self.plan.programs:
            self._start(program)
        _say("ready")
        self._reap()

    def _network_of_pod(self) -> None:
        place = Path(POD_NETWORK)
        place.parent.mkdir(parents=True)
        place.touch()
        made, told = os.pipe()
        process = self._fork("pod's relay", lambda: _pod_network(told))
        os.close(told)
        with os.fdopen(made) as pipe:
            if not pipe.read():
                raise RuntimeError("the pod's network cannot be made")
        system.bind(Path(f"/proc/{process}/ns/net"), place)

    def _start(self, program: Program) -> None:
        process = self._fork(program.name, lambda: self._become(program))
        deadline = time.monotonic() + PATIENCE
        while program.awaits and not Path(program.awaits).is_socket():
            self._collect()
            if process not in self.running:
                raise RuntimeError(f"{program.name} ended before it served: see {program.name}.log")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{program.name} does not serve: see {program.name}.log")
            time.sleep(0.02)

    def _become(self, program: Program) -> NoReturn:
        if program.in_pod:
            system.enter_network(Path(POD_NETWORK))
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        for number in (1, 2):
            os.dup2(self.logs[program.name], number)
        if program.keeps_capabilities:
            system.ignore_capset()
        os.execve(  # noqa: S606
            program.command[0],
            program.command,
            {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", **program.variables},
        )

    def _fork(self, name: str, action: Callable[[], object]) -> int:
        process = os.fork()
        if process == 0:
            try:
                action()
                os._exit(0)
            except BaseException as error:
                os.write(2, f"{name}: {error}\n".encode())
                os._exit(1)
        self.running[process] = name
        return process

    def _collect(self) -> None:
        while True:
            try:
                process, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            self.running.pop(process, None)

    def _reap(self) -> None:
        """Until a program of the guest ends, or the host does."""
        names = set(self.running.values())
        while set(self.running.values()) == names:
            ready, _, _ = select.select([0], [], [], 0.1)
            if ready and not os.read(0, 1):
                return
            self._collect()
        _say(f"ended: {', '.join(sorted(names - set(self.running.values())))}")


def _pod_network(told: int) -> None:
    system.unshare(system.NEW_NETWORK)
    system.raise_loopback()
    listener = relay.listen_at(Path(SHARED, POD_SOCKET))
    os.write(told, b"made")
    os.close(told)
    _serve(listener, relay.to_named_port)


def _serve(listener: socket.socket, connect: Callable[[socket.socket], socket.socket]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    relay.serve(listener, connect)
    threading.Event().wait()


def _own_cgroups(plan: Plan) -> list[Path]:
    return [cgroups.ROOT / controller / plan.name for controller in confinement.CONTROLLERS]


def _log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
