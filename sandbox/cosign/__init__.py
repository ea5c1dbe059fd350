"""The real cosign for tests, github.com/sigstore/cosign/v3: built once from pinned Go modules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandbox.golang import BuildError, GoPrograms, Offline

__all__ = ["BuildError", "Offline", "build", "unavailable"]

_PROGRAMS = GoPrograms(
    "cosign", Path(__file__).parent, {"cosign": ("github.com/sigstore/cosign/v3/cmd/cosign", "")}
)


def unavailable(root: Path) -> str | None:
    """Why there can be no cosign on this machine; None when there can, if need be after a build into `root`/cosign."""
    return _PROGRAMS.unavailable(root / "cosign")


def build(root: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The program, in `root`/cosign, compiled unless it is there: some minutes on two cores. Raises BuildError."""
    return _PROGRAMS.build(root / "cosign", say) / "cosign"
