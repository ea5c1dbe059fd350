"""What the program's scripts do in the cluster, for Jobs that run the OpenShift CLI. No shell runs: which script it is, its
environment says, and what it may do, the roles of its service account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.openshift.objects import Manifest, Objects
from sandbox.openshift.reactions.scripts import (
    approve,
    await_copies,
    await_peer_pods,
    await_pods,
    dry_run,
    present,
)
from sandbox.openshift.reactions.scripts.outcome import Environment, Need, Outcome
from sandbox.openshift.reactions.scripts.rights import forbidden
from sandbox.shapes import list_in

_CLI_IMAGES = ("openshift/cli", "ose-cli")


@dataclass(frozen=True)
class _Known:
    needs: Callable[[Environment], list[Need]]
    run: Callable[[Objects, Environment], Outcome]


_BY_VARIABLE = {
    "CSV": _Known(approve.needs, approve.run),
    "MANIFEST": _Known(dry_run.needs, dry_run.run),
    "RENDERED": _Known(await_pods.needs, await_pods.run),
    "COPIES": _Known(await_copies.needs, await_copies.run),
    "PACKAGE": _Known(present.needs, present.run),
    "KATA": _Known(await_peer_pods.needs, await_peer_pods.run),
}


@dataclass(frozen=True)
class Script:
    known: _Known
    environment: Environment

    @property
    def patience(self) -> float:
        """Seconds after which it gives up."""
        return float(self.environment.get("PATIENCE", "inf"))

    def run(self, objects: Objects, job: Manifest) -> Outcome:
        namespace = job["metadata"]["namespace"]
        environment = {"NAMESPACE": namespace, **self.environment}
        for need in self.known.needs(environment):
            if answer := forbidden(objects, job, need):
                return Outcome(waiting=answer, final=True)
        return self.known.run(objects, environment)


def of(container: dict[str, Any]) -> Script | None:
    """The script of a container of the OpenShift CLI, where it is one that the sandbox knows."""
    if not any(image in container["image"] for image in _CLI_IMAGES):
        return None
    environment = {item["name"]: item.get("value", "") for item in list_in(container, "env")}
    known = next((each for name, each in _BY_VARIABLE.items() if environment.get(name)), None)
    return Script(known, environment) if known else None
