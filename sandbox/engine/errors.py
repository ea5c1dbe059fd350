"""Errors of the engine; each message is a sentence for people, shown without a traceback."""

from __future__ import annotations


class SandboxError(Exception):
    """The sandbox cannot do what was asked."""


class Busy(SandboxError):
    """Another run is at work on the same state."""


class ResourceFailed(Exception):
    """A step on one resource failed; what depends on it is not attempted."""

    def __init__(self, urn: str, message: str) -> None:
        super().__init__(message)
        self.urn = urn
        self.message = message


class ProgramFailed(Exception):
    """The program itself raised; the message is its own sentence, or its traceback when it was not a
    RunError.
    """
