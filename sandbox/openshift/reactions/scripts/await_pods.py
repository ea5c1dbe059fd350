"""`await_pods.sh`: waits until all pods of Trustee run with the digest of what was rendered."""

from __future__ import annotations

import itertools

from sandbox.openshift.kinds import DEPLOYMENT, EVENT
from sandbox.openshift.objects import Objects
from sandbox.openshift.reactions.scripts.outcome import Environment, Need, Outcome
from sandbox.shapes import list_in

_NAME, _MARK = "trustee-deployment", "COCO_RENDERED"


def needs(environment: Environment) -> list[Need]:
    namespace = environment["NAMESPACE"]
    return [Need(DEPLOYMENT, "get", namespace, _NAME), Need(EVENT, "list", namespace)]


def run(objects: Objects, environment: Environment) -> Outcome:
    namespace = environment["NAMESPACE"]
    live = objects.get(DEPLOYMENT, _NAME, namespace)
    if live is None:
        return Outcome(waiting=f'deployments.apps "{_NAME}" not found')
    marks = [
        variable["value"]
        for container in live["spec"]["template"]["spec"]["containers"]
        for variable in list_in(container, "env")
        if variable["name"] == _MARK
    ]
    status, wanted = live.get("status", {}), live["spec"].get("replicas", 1)
    numbers = [status.get(field) for field in ("replicas", "updatedReplicas", "readyReplicas")]
    current = status.get("observedGeneration") == live["metadata"].get("generation", 1)
    if marks == [environment["RENDERED"]] and current and numbers == [wanted] * 3:
        return Outcome()
    events = sorted(
        objects.all(EVENT, namespace), key=lambda one: one["metadata"].get("creationTimestamp", "")
    )
    warnings = [
        f"{event['involvedObject']['kind']} {event['involvedObject']['name']}: {event['message']}"
        for event in events
        if event["involvedObject"]["kind"] != "Job" and event.get("type") == "Warning"
    ]
    said = "; ".join([words for words, _ in itertools.groupby(warnings)][-5:])
    return Outcome(waiting=f"the pods of Trustee do not run what this update made. {said}".strip())
