"""Rules between the values of a stack file. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from stacks.sections import Stack


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake: `key` has `value`, which breaks `rule`; `fix` says what to do."""

    key: str
    value: str
    rule: str
    fix: str


def problems(stack: Stack) -> Iterator[Problem]:
    """Every rule that `stack` breaks."""
    yield from ()
