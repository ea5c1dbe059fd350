"""What outlives pods, out of the outputs of the hub's object store, and what somebody must decide about it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from model import object_store
from tools.posture.deployment import Deployment, table
from tools.posture.model import Saved

_STORE: Final = "coco:hub:ObjectStore"
_SOON: Final = 30  # days before the end of the credentials


def saved(hub: Deployment) -> tuple[Saved, ...]:
    """By workload, in the order of their names."""
    return tuple(
        Saved(
            workload=name,
            url=object_store.url(str(store.outputs["account"]), name),
            floor=int(floor),
            keep_days=int(store.outputs["keepDays"]),
            credentials_until=str(store.outputs["credentialsUntil"]),
        )
        for store in hub.resources
        if store.type == _STORE
        for name, floor in sorted(table(store.outputs, "floors").items())
    )


def warnings(found: Sequence[Saved], now: datetime) -> Iterator[str]:
    if empty := [one.workload for one in found if one.floor == 0]:
        yield (
            f"Pods of {', '.join(empty)} start empty where the store shows no snapshot, also if it has lost them: once one is saved, raise"
            " coco:workloads.<name>.persistence.floor."
        )
    for until in sorted({one.credentials_until for one in found}):
        days = (date.fromisoformat(until) - now.date()).days
        if days <= _SOON:
            word = f"ends in {days} days" if days >= 0 else "has ended"
            yield (
                f"The pods' credential for the object store {word} ({until}): then nothing is saved and no pod of it starts"
                " (coco:objectStore.credentialsUntil)."
            )
