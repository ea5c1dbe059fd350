"""What is deleted: resources that the program no longer registers, and on `down` all of them."""

from __future__ import annotations

from time import perf_counter

from sandbox.engine.errors import SandboxError
from sandbox.engine.events import Step
from sandbox.engine.state import StateResource
from sandbox.engine.steps import Engine


def delete_remaining(engine: Engine) -> None:
    """Delete what this run has not come to, dependents first.

    Raises SandboxError, with everything still there, when some of it is protected; ResourceFailed at the
    first deletion that is refused.
    """
    ledger = engine.ledger
    going = list(reversed(ledger.olds))
    refuse_protected([old for old in going if not old.delete])
    urns = {old.urn for old in going}
    for old in going:
        if old.pending_replacement:
            ledger.drop(old)
            continue
        with engine.failing(old.urn):
            engine.watcher.begins("delete", old.urn)
            started = perf_counter()
            engine.executor.delete(old, with_others=urns - {old.urn})
            ledger.drop(old)
            engine.watcher.done(Step(op="delete", old=old, seconds=perf_counter() - started))


def refuse_protected(resources: list[StateResource]) -> None:
    """Raises SandboxError that names every protected resource."""
    if protected := [f"  {resource.name} ({resource.type})" for resource in resources if resource.protect]:
        raise SandboxError(
            "nothing was deleted, because these resources are protected:\n"
            + "\n".join(protected)
            + "\nTo let them go, set `protect: false` in the stack file (coco:cluster) and run `make up` once"
        )
