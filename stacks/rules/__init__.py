"""Rules between the values of a stack file. Pure.

A rule sees the whole stack and yields its problems. Where other values of the file are refused already, it sees a stack from
which these are missing (`problems`, `partial`) and says what it still can, so that one run reports everything.
"""

from stacks.rules import place, trusted, untrusted
from stacks.rules.problem import Problem
from stacks.sections import Stack

__all__ = ["Problem", "problems"]


def problems(stack: Stack, *, partial: bool = False) -> list[Problem]:
    """Every rule that `stack` breaks. Of a `partial` one, a rule ends where it meets a value that is missing."""
    found: list[Problem] = []
    for rule in (*place.RULES, *trusted.RULES, *untrusted.RULES):
        try:
            for problem in rule(stack):  # one by one: what was found before a value is missing stays found
                found.append(problem)
        except AttributeError:
            if not partial:
                raise
    return found
