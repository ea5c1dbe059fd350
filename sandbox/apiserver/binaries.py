"""Builds the API server from the Go modules that `go.mod` beside this file pins, once, into the state directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandbox.golang import BuildError, GoPrograms, Offline

__all__ = ["KUBERNETES", "PACKAGES", "BuildError", "Offline", "build", "is_built", "unavailable"]

KUBERNETES = "1.34.4"
_VERSION = "k8s.io/component-base/version"
_SAYS = f"-X {_VERSION}.gitVersion=v{KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=34"
PACKAGES = {
    "etcd": ("go.etcd.io/etcd/server/v3", ""),
    "kube-apiserver": ("k8s.io/kubernetes/cmd/kube-apiserver", _SAYS),
    "kube-controller-manager": ("k8s.io/kubernetes/cmd/kube-controller-manager", _SAYS),
}
_PROGRAMS = GoPrograms("the API server", Path(__file__).parent, PACKAGES)


def unavailable(root: Path) -> str | None:
    """Why no API server can run on this machine; None when one can, if need be after a build into `root`/bin."""
    return _PROGRAMS.unavailable(root / "bin")


def is_built(root: Path) -> bool:
    """Whether what this version of the sandbox would build is there."""
    return _PROGRAMS.is_built(root / "bin")


def build(root: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with the binaries, `root`/bin, compiled unless they are there. Raises BuildError."""
    return _PROGRAMS.build(root / "bin", say)
