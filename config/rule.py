"""A mistake in a stack file, and the rules that find the mistakes between its values.

A rule names the keys that it reads, and is a function of the values of these keys alone. So it is asked exactly where all of
them are there and valid: not in a role without the key, and not while one of the values is refused for itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Mistake:
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


Check = Callable[..., Iterator[Mistake]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`check` takes the values of `keys` in this order. Keys are as the file has them: trustee.oscVersions."""

    keys: tuple[str, ...]
    check: Check


def rule(*keys: str) -> Callable[[Check], Rule]:
    """Make a rule that reads `keys` of a function that takes their values."""
    return lambda check: Rule(keys=keys, check=check)


def broken(values: Mapping[str, object], rules: Iterable[Rule]) -> list[Mistake]:
    """What in `values` (by key, as `config.values` gives them) breaks the `rules` that can be asked, each thing once.

    Two rules may miss the same key, each for a reason of its own; the first one is enough for whoever has to add it.
    """
    found: dict[tuple[str, str, str | None], Mistake] = {}
    for each in rules:
        if all(key in values for key in each.keys):
            for problem in each.check(*(values[key] for key in each.keys)):
                found.setdefault((problem.key, problem.rule, problem.value), problem)
    return list(found.values())
