"""One run's view of a stack's state: what this run has settled, what is left of the last one, what has begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sandbox.engine.state import Operation, StateFile, StateResource


class Ledger:
    """Resources of this run in the order they were settled, then those of the last run that it has not come
    to yet.

    The file is written when a step begins, with all steps before it and itself as pending, and at the end. So
    at any moment the file lacks at most the result of the step that it names as pending.
    """

    def __init__(self, file: StateFile, *, preview: bool) -> None:
        self._file = file
        self._preview = preview
        self.olds, self.interrupted = file.load()
        self.settled: dict[str, StateResource] = {}
        self._pending = list(self.interrupted)
        self.touched = False

    def __iter__(self) -> Iterator[StateResource]:
        yield from self.settled.values()
        yield from self.olds

    def old(self, urn: str) -> StateResource | None:
        """What the last run left under this URN, unless it is only waiting for its deletion."""
        return next((old for old in self.olds if old.urn == urn and not old.delete), None)

    def find(self, urn: str, id_: str = "") -> StateResource | None:
        """The newest resource of this URN; the one with this id where there are several."""
        found = [resource for resource in self if resource.urn == urn]
        return next((resource for resource in found if resource.id == id_), found[0] if found else None)

    def begin(self, operation: Operation) -> None:
        self._pending.append(operation)
        self.touched = True
        self._save()

    def end(self, operation: Operation) -> None:
        self._pending.remove(operation)

    def settle(self, new: StateResource, old: StateResource | None = None) -> StateResource:
        """`new` is how things are now; it takes the place of `old`."""
        self.settled[new.urn] = new
        if old is not None:
            self.olds.remove(old)
        return new

    def amend(self, resource: StateResource, new: StateResource) -> StateResource:
        """Exchange a resource for another version of itself, where it stands."""
        if self.settled.get(resource.urn) is resource:
            self.settled[resource.urn] = new
        else:
            self.olds[self.olds.index(resource)] = new
        return new

    def recover(self, created: StateResource, old: StateResource | None) -> None:
        """Take in what an interrupted run created, beside or in place of the old resource that it was to
        replace.
        """
        if old is None:
            self.olds.append(created)
        else:
            place = self.olds.index(old)
            former = [] if old.pending_replacement else [replace(old, delete=True)]
            self.olds[place : place + 1] = [*former, created]

    def drop(self, old: StateResource) -> None:
        self.olds.remove(old)

    def rename(self, old: StateResource, urn: str) -> StateResource:
        """The resource is now called `urn`, and every reference to it follows."""

        def follow(reference: str) -> str:
            head, separator, id_ = reference.partition(f"{old.urn}::")
            return urn if reference == old.urn else f"{urn}::{id_}" if separator and not head else reference

        renamed = old
        for index, other in enumerate(self.olds):
            if other is old or old.urn in other.references:
                self.olds[index] = replace(
                    other,
                    urn=follow(other.urn),
                    parent=follow(other.parent),
                    provider=follow(other.provider),
                    deleted_with=follow(other.deleted_with),
                    dependencies=tuple(map(follow, other.dependencies)),
                    property_dependencies={
                        key: tuple(map(follow, urns)) for key, urns in other.property_dependencies.items()
                    },
                )
                renamed = self.olds[index] if other is old else renamed
        return renamed

    def close(self) -> None:
        """Write the last steps down and wait for the disk."""
        self._save(last=True)

    def _save(self, *, last: bool = False) -> None:
        if not self._preview:
            self._file.save(list(self), self._pending, last=last)
