"""What an interrupted run had begun: each such operation is run again, as it was recorded, before anything
else.

Providers are idempotent (`sandbox.provider`), so an operation that had succeeded succeeds again and its
result is recorded at last. azure-native alone makes nothing a second time: what it had made is read. The run then goes
on as usual, with an update or a deletion where the program has changed in the meantime.
"""

from __future__ import annotations

from dataclasses import replace

from model.recovery import azure_id
from sandbox.engine.errors import ResourceFailed
from sandbox.engine.execution import Executor
from sandbox.engine.ledger import Ledger
from sandbox.engine.state import Operation, StateResource, now
from sandbox.engine.values import plain


def finish_interrupted(ledger: Ledger, executor: Executor) -> list[str]:
    """A sentence for each operation. One that fails again is forgotten: the run that follows will report the same
    problem.
    """
    return [_finish(operation, ledger, executor) for operation in ledger.interrupted]


def _finish(operation: Operation, ledger: Ledger, executor: Executor) -> str:
    interrupted = f"The last run was interrupted while {operation.type} {operation.resource.name}"
    ledger.end(operation)
    try:
        _again(operation, ledger, executor)
    except Exception as failure:  # any error here would otherwise stop every later run
        return f"{interrupted}; doing that again failed: {failure}"
    return f"{interrupted}; that is finished now."


def _again(operation: Operation, ledger: Ledger, executor: Executor) -> None:
    resource = operation.resource
    old = ledger.old(resource.urn)
    match operation.type:
        case "creating":
            ledger.recover(_made(resource, ledger, executor) or executor.create(resource), old)
        case "updating":
            if old is not None:
                ledger.amend(old, executor.update(old, resource))
        case "deleting":
            gone = next(
                (other for other in ledger.olds if (other.urn, other.id) == (resource.urn, resource.id)), None
            )
            if gone is not None:
                executor.delete(gone)
                if any(gone.urn in other.references for other in ledger.olds):
                    ledger.amend(gone, replace(gone, pending_replacement=True))
                else:
                    ledger.drop(gone)


def _made(resource: StateResource, ledger: Ledger, executor: Executor) -> StateResource | None:
    """What the interrupted run had made in Azure after all."""
    provider = ledger.find(resource.provider_urn)
    subscription = provider.inputs.get("subscriptionId") if provider else None
    id_ = azure_id(resource.type, plain(resource.inputs), plain(subscription))
    if id_ is None:
        return None
    try:
        found, _ = executor.read(replace(resource, id=id_))
    except ResourceFailed:
        return None
    return replace(found, created=now(), modified=now())
