"""URNs: how a resource is named in the state, and the names that its aliases stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.engine.goal import Alias, Goal
from sandbox.engine.state import STACK


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """The part of a URN that is the same for a whole stack."""

    stack: str
    project: str

    def urn(self, parent: str, type_: str, name: str) -> str:
        chain = _qualified(parent) if parent else STACK
        return (
            f"urn:pulumi:{self.stack}::{self.project}::{'' if chain == STACK else chain + '$'}{type_}::{name}"
        )

    def of(self, goal: Goal) -> str:
        return self.urn(goal.parent, goal.type, goal.name)

    def former(self, goal: Goal, parent_was: str | None) -> Iterator[str]:
        """URNs that the resource may have in the state, most explicit first; `parent_was` is its parent's own
        former URN.

        A child named after its parent (`<parent>-subnet`) is also searched under the parent's former name.
        """
        own = [self._of_alias(goal, alias) for alias in goal.aliases]
        yield from own
        if parent_was:
            parent_name, former_name = name_of(goal.parent), name_of(parent_was)
            for type_, name in [
                (goal.type, goal.name),
                *((_qualified(a).split("$")[-1], name_of(a)) for a in own),
            ]:
                renamed = (
                    former_name + name.removeprefix(parent_name) if name.startswith(parent_name) else name
                )
                yield self.urn(parent_was, type_, renamed)

    def _of_alias(self, goal: Goal, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        there = Namespace(stack=alias.stack or self.stack, project=alias.project or self.project)
        parent = goal.parent if alias.parent is None else alias.parent
        return there.urn(parent, alias.type or goal.type, alias.name or goal.name)


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def _qualified(urn: str) -> str:
    return urn.split("::", 3)[2]
