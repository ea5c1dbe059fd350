"""A program that gets Ctrl-C itself and alone, and is waited for: it ends its plugins, takes its lock off and writes its state."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.ending import leave_on_signals


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Its exit code. What interrupts us (Ctrl-C, SIGTERM, SIGHUP) reaches it as SIGINT, and is raised here once it has ended."""
    leave_on_signals()
    interrupted: BaseException | None = None
    process = subprocess.Popen(command, cwd=cwd, env=env, process_group=0)
    with _terminal_of(process.pid):
        while True:
            try:
                code = _wait(process.pid)
                break
            except (KeyboardInterrupt, SystemExit) as error:
                interrupted = error
                process.send_signal(signal.SIGINT)
    process.returncode = code  # it has been waited for
    if interrupted:
        raise interrupted
    return code


def _wait(pid: int) -> int:
    """A program that was stopped (Ctrl-Z) goes on: nobody else could wake it, for the shell does not know it."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        os.kill(pid, signal.SIGCONT)


@contextmanager
def _terminal_of(group: int) -> Generator[None, None, None]:
    """The terminal is theirs, as a shell gives it to what it starts; nothing where no terminal is ours."""
    terminal = _our_terminal()
    if terminal is None:
        yield
        return
    before = signal.signal(
        signal.SIGTTOU, signal.SIG_IGN
    )  # who is not in front may otherwise not take it back
    try:
        os.tcsetpgrp(terminal, group)
        os.killpg(group, signal.SIGCONT)  # it may have asked too early
        yield
    finally:
        os.tcsetpgrp(terminal, os.getpgrp())
        signal.signal(signal.SIGTTOU, before)


def _our_terminal() -> int | None:
    """Standard input, where it is a terminal and we are in front on it."""
    try:
        terminal = sys.stdin.fileno()
        return terminal if os.tcgetpgrp(terminal) == os.getpgrp() else None
    except (OSError, ValueError, AttributeError):  # closed, or none
        return None
