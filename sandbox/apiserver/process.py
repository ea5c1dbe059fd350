"""Background processes that outlive the command that started them, and are found again by a lock that they hold.

A process inherits the locked file that names its id. The system releases the lock when the process ends, so an id
that another program has now is never taken for ours, and two commands cannot start the same process twice.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """The process called `name`; its id is in `folder`/<name>.pid, what it says in `folder`/<name>.log."""

    folder: Path
    name: str

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def pid(self) -> int | None:
        """Its id while it runs."""
        try:
            with self._file.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except BlockingIOError:
            return int(self._file.read_text() or 0) or None
        return None

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Does nothing when it runs already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._file.open("a+") as file, self.log.open("a") as log, Path(os.devnull).open() as nothing:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            os.set_inheritable(file.fileno(), True)
            redirections: list[tuple[int, ...]] = [
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                *((os.POSIX_SPAWN_CLOSE, number) for number in _handed_on() if number != file.fileno()),
            ]
            pid = os.posix_spawn(
                command[0],
                list(command),
                {**os.environ, **(environment or {})},
                file_actions=redirections,
                setsid=True,
            )
            file.truncate(0)
            file.write(str(pid))

    def stop(self, patience: float = 10) -> None:
        """Send SIGTERM, and SIGKILL after `patience` seconds."""
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 10)):
            pid = self.pid()
            if pid is None:
                break
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)  # a paused process reacts to nothing else
                os.kill(pid, number)
            self._await_end(pid, seconds)
        self._file.unlink(missing_ok=True)

    def last_words(self, lines: int = 15) -> str:
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""
        )

    def _await_end(self, pid: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.pid() == pid and time.monotonic() < end:
            time.sleep(0.05)
        if self.pid() != pid:
            with suppress(ChildProcessError):  # where this process has started it
                os.waitpid(pid, 0)


def _handed_on() -> list[int]:
    """Open files that a child gets: our own lock, where we are such a process, would seem to be held as long as the child runs."""
    found: list[int] = []
    for number in range(3, 256):
        with suppress(OSError):  # not open
            if os.get_inheritable(number):
                found.append(number)
    return found
