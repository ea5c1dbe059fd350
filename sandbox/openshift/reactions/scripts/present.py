"""`present.sh`: looks for an operator that somebody else installed, in any namespace."""

from __future__ import annotations

from sandbox.openshift.kinds import CSV
from sandbox.openshift.objects import Objects
from sandbox.openshift.reactions.catalog import csv_numbers, numbers
from sandbox.openshift.reactions.scripts.outcome import Environment, Need, Outcome


def needs(environment: Environment) -> list[Need]:
    return [Need(CSV, "list", "")]


def run(objects: Objects, environment: Environment) -> Outcome:
    package, oldest = environment["PACKAGE"], environment["OLDEST"]
    found = [csv for csv in objects.all(CSV) if csv["metadata"]["name"].startswith(f"{package}.v")]
    if not found:
        return Outcome(
            waiting=f"the stack file says that {package} is present in this cluster, but there is none"
        )
    newest = max(found, key=lambda csv: csv_numbers(csv["metadata"]["name"]))
    name, phase = newest["metadata"]["name"], newest.get("status", {}).get("phase")
    if phase != "Succeeded":
        return Outcome(
            waiting=f"the stack file says that {package} is present in this cluster, but {name} is {phase}"
        )
    if csv_numbers(name) < numbers(oldest):
        return Outcome(waiting=f"{name} is older than {oldest}, which this program needs", final=True)
    return Outcome()
