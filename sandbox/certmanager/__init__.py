"""cert-manager itself: its controllers, webhook and CA injector as one program, from the Go modules that `go.mod` pins."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.golang import GoPrograms

PROGRAMS: Final = GoPrograms(
    name="cert-manager",
    what="cert-manager",
    modules=Path(__file__).parent,
    packages={"cert-manager": (".", "")},
    minutes=5,
)
