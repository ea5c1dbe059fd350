"""What a script needs, and what came of one look at the cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.openshift.kinds import ObjectKind
from sandbox.openshift.objects import Effect

Environment = dict[str, str]


class Need(NamedTuple):
    """A right that the script uses; an empty name means any."""

    kind: ObjectKind
    verb: str
    namespace: str
    name: str = ""


@dataclass(frozen=True)
class Outcome:
    """`effects` first; then what it still waits for, None where it is done. `final`: it will not come, so the script fails."""

    effects: list[Effect] = field(default_factory=list[Effect])
    waiting: str | None = None
    final: bool = False
