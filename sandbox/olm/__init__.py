"""The Operator Lifecycle Manager itself: its two operators and a catalogue for them as one program, from the Go modules that `go.mod` pins."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.golang import GoPrograms

PROGRAMS: Final = GoPrograms(
    name="olm",
    what="OLM",
    modules=Path(__file__).parent,
    packages={"olm": (".", "")},
    minutes=5,
)
