"""A copy of the project to bring up, change and kill, so that the checkout and its `.sandbox` stay as they are."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.config import edits
from tools.program_files import RUNNABLE

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Done:
    code: int
    text: str
    """Standard output and error, as they came."""


class OfficialProject:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / ".sandbox"
        for name in RUNNABLE:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
        (folder / ".venv").symlink_to(sys.prefix)
        self.home.mkdir()

    def sandbox(self, *arguments: str) -> Done:
        """`python -m sandbox` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=self.folder,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Done(done.returncode, done.stdout)

    def kill(
        self, command: list[str], when: Callable[[], bool], environment: dict[str, str] | None = None
    ) -> bool:
        """Start a command and send its first process SIGKILL as soon as `when` holds; whether it had not ended before."""
        with subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            deadline = time.monotonic() + 120
            while process.poll() is None and not when():
                assert time.monotonic() < deadline, "neither the end nor the moment to kill it came"
                time.sleep(0.01)
            alive = process.poll() is None
            if alive:
                os.kill(process.pid, signal.SIGKILL)
        return alive

    def configure(self, stack: str, changes: dict[str, Any], *, like: str | None = None) -> None:
        """Set values in a stack file by path, such as cluster.version; `like` names the file that a new one starts as."""
        path = self.folder / "stacks" / f"Pulumi.{stack}.yaml"
        source = self.folder / "stacks" / f"Pulumi.{like or stack}.yaml"
        content = yaml.safe_load(source.read_text())
        edits.change(content["config"], changes)
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    @contextmanager
    def edited(self, file: str, *changes: tuple[str, str]) -> Iterator[None]:
        """For a while with other text in a file of the program, each of which is there once."""
        path = self.folder / file
        before = text = path.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
            text = text.replace(old, new)
        path.write_text(text)
        try:
            yield
        finally:
            path.write_text(before)
