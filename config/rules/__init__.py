"""Rules between the values of a stack file. Pure.

A rule sees the whole stack and yields its problems. Where other values of the file are refused already, it sees a stack
from which these are missing (`broken`, `partial`) and says what it still can, so that one run reports everything.
"""

from collections.abc import Sequence

from config.rules import place, trusted, untrusted
from config.rules.problem import Problem, Rule
from config.sections import Stack

__all__ = ["ALL", "Problem", "Rule", "broken"]

ALL = (*place.RULES, *trusted.RULES, *untrusted.RULES)


def broken(stack: Stack, rules: Sequence[Rule] = ALL, *, partial: bool = False) -> list[Problem]:
    """What breaks the `rules`. Where `stack` is `partial`, a rule ends when it meets a value that is missing."""
    found: list[Problem] = []
    for rule in rules:
        try:
            for problem in rule(stack):  # one by one: what a rule found before it ended stays found
                found.append(problem)
        except AttributeError:
            if not partial:
                raise
    return found
