"""`await_peer_pods.sh`: waits until there is an image for the pods' machines, and adaptor and webhook run."""

from __future__ import annotations

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import CONFIG_MAP, DAEMON_SET, DEPLOYMENT, EVENT, JOB, KATA_CONFIG, POD
from sandbox.openshift.objects import Objects, condition
from sandbox.openshift.reactions.scripts.outcome import Environment, Need, Outcome


def needs(environment: Environment) -> list[Need]:
    namespace = environment["NAMESPACE"]
    return [
        Need(CONFIG_MAP, "get", namespace, "peer-pods-cm"),
        Need(DAEMON_SET, "get", namespace, "osc-caa-ds"),
        Need(DEPLOYMENT, "get", namespace, "peer-pods-webhook"),
        Need(KATA_CONFIG, "get", "", environment["KATA"]),
        *(Need(kind, "list", namespace) for kind in (EVENT, JOB, POD)),
    ]


def run(objects: Objects, environment: Environment) -> Outcome:
    namespace = environment["NAMESPACE"]
    settings = objects.get(CONFIG_MAP, "peer-pods-cm", namespace) or {}
    if not at(settings, ("data", "AZURE_IMAGE_ID")):
        said = "; ".join(
            event["message"]
            for event in objects.all(EVENT, namespace)
            if "podvm-image" in event["involvedObject"]["name"]
        )
        gone = objects.get(JOB, "osc-podvm-image-creation", namespace) is None
        text = "The image of the pods' machines was not made (AZURE_IMAGE_ID in peer-pods-cm is empty)"
        return Outcome(
            waiting=f"{text}, and the operator does not try again. {said}" if gone else text, final=gone
        )
    adaptor = objects.get(DAEMON_SET, "osc-caa-ds", namespace) or {}
    status, webhook = adaptor.get("status", {}), objects.get(DEPLOYMENT, "peer-pods-webhook", namespace) or {}
    count = status.get("desiredNumberScheduled", 0)
    rolled = count > 0 and {status.get(field) for field in ("updatedNumberScheduled", "numberReady")} == {
        count
    }
    kata = objects.get(KATA_CONFIG, environment["KATA"]) or {}
    if rolled and condition(webhook, "Available") == "True" and condition(kata, "InProgress") == "False":
        return Outcome()
    return Outcome(waiting="peer pods cannot start: the adaptor or its webhook does not run")
