"""Which resources must be deleted before a resource can be replaced.

Follows `calculateDependentReplacements` of the official engine: a dependent is replaced too when its provider
would replace it for a change of the properties that come from the replaced resource.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sandbox.engine.errors import ResourceFailed
from sandbox.engine.execution import Executor
from sandbox.engine.ledger import Ledger
from sandbox.engine.state import StateResource
from sandbox.engine.values import get, plain, steps
from sandbox.provider import UNKNOWN, Diff, Values


def clear(old: StateResource, ledger: Ledger, executor: Executor) -> None:
    """Delete `old`, and first what must be replaced with it. The state keeps all of them until they are created
    again.
    """
    others = dependents(old, ledger.olds, executor)
    urns = {old.urn, *(other.urn for other in others)}
    for gone in (*reversed(others), old):
        executor.delete(gone, with_others=urns - {gone.urn})
        ledger.amend(gone, replace(gone, pending_replacement=True))


def dependents(
    root: StateResource, others: Sequence[StateResource], executor: Executor
) -> list[StateResource]:
    """Those of `others`, in dependency order, that must be replaced with `root`. Raises ResourceFailed for a
    protected one.
    """
    condemned = {root.urn}
    found: list[StateResource] = []
    for other in others:
        if other is not root and _goes_with(other, condemned, executor):
            if other.protect:
                raise ResourceFailed(root.urn, unable_to_replace(other.urn, because_of=root.urn))
            condemned.add(other.urn)
            found.append(other)
    return found


def _goes_with(resource: StateResource, condemned: set[str], executor: Executor) -> bool:
    if not resource.custom or resource.external or resource.delete or resource.pending_replacement:
        return False
    if resource.provider_urn in condemned or resource.deleted_with in condemned:
        return True
    affected = {key for key, urns in resource.property_dependencies.items() if condemned.intersection(urns)}
    if not affected & resource.inputs.keys():
        return False
    olds = plain(resource.inputs)
    news = {key: UNKNOWN if key in affected else value for key, value in olds.items()}
    diff = executor.provider(resource).diff(resource.type, resource.id, olds, plain(resource.outputs), news)
    return bool(diff.replace or wished(diff, resource.replace_on_changes, olds, news))


def wished(diff: Diff, replace_on_changes: Sequence[str], olds: Values, news: Values) -> tuple[str, ...]:
    """The changed properties for which the program wants a replacement; `*` stands for every one."""
    if "*" in replace_on_changes:
        return diff.changed
    return tuple(path for path in replace_on_changes if get(olds, steps(path)) != get(news, steps(path)))


def unable_to_replace(urn: str, *, because_of: str = "") -> str:
    return (
        f"unable to replace resource {urn!r} {f'as part of replacing {because_of!r} ' if because_of else ''}"
        "as it is currently marked for protection. To unprotect the resource, remove the `protect` flag from the resource "
        "in your Pulumi program (in the stack file: protect: false) and bring the stack up first"
    )
