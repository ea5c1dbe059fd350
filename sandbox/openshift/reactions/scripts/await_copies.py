"""`await_copies.sh`: waits until the operator has made what each ExternalSecret asks for now."""

from __future__ import annotations

from sandbox.openshift.kinds import EXTERNAL_SECRET
from sandbox.openshift.objects import Objects, condition
from sandbox.openshift.reactions.scripts.outcome import Environment, Need, Outcome


def needs(environment: Environment) -> list[Need]:
    namespace = environment["NAMESPACE"]
    names = environment["COPIES"].split()
    return [
        Need(EXTERNAL_SECRET, "list", namespace),
        *(Need(EXTERNAL_SECRET, "get", namespace, name) for name in names),
    ]


def run(objects: Objects, environment: Environment) -> Outcome:
    late: list[str] = []
    for name in environment["COPIES"].split():
        live = objects.get(EXTERNAL_SECRET, name, environment["NAMESPACE"])
        synced = (live or {}).get("status", {}).get("syncedResourceVersion", "")
        generation = str(live["metadata"].get("generation", 1)) if live else ""
        if live is None or synced.partition("-")[0] != generation or condition(live, "Ready") != "True":
            late.append(name)
    return Outcome(waiting=f"not copied from the vault: {' '.join(late)}" if late else None)
