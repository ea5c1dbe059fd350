"""The real cosign for tests, github.com/sigstore/cosign/v3, from the Go modules that `go.mod` beside this file pins."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.golang import GoPrograms

PROGRAMS: Final = GoPrograms(
    name="cosign",
    what="cosign",
    modules=Path(__file__).parent,
    packages={"cosign": ("github.com/sigstore/cosign/v3/cmd/cosign", "")},
    minutes=4,
)
