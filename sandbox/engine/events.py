"""What the engine tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from sandbox.engine.errors import ResourceFailed
from sandbox.engine.state import StateResource

Op = Literal["same", "create", "update", "replace", "delete", "read", "import"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that was taken, or in a preview would be. `old` is None for what is new, `new` for what is
    deleted.
    """

    op: Op
    old: StateResource | None = None
    new: StateResource | None = None
    forced_by: tuple[str, ...] = ()
    """The properties that cannot be changed in place."""
    seconds: float = 0.0

    @property
    def resource(self) -> StateResource:
        resource = self.new or self.old
        assert resource is not None
        return resource


class Watcher(Protocol):
    """Told of every step when it begins, and when it is done or has failed."""

    def begins(self, op: Op, urn: str) -> None: ...
    def done(self, step: Step) -> None: ...
    def failed(self, failure: ResourceFailed) -> None: ...
