"""A mistake in a stack file, as a person reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from config.sections import Stack


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake: what `key` (a path such as network.cidr) says breaks `rule`, and `fix` says what to do about it.

    `value` is what the file says, and None where there is nothing to show or it might be secret.
    """

    key: str
    rule: str
    fix: str
    value: str | None = None

    def __str__(self) -> str:
        got = "" if self.value is None else f" (got {self.value})"
        return f"coco:{self.key}: {self.rule}{got}: {self.fix}"


Rule = Callable[[Stack], Iterator[Problem]]
