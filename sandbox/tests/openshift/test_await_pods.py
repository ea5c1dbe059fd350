"""What the wait for Trustee's pods says when they do not come: the newest warnings, each once, and nothing that is no warning."""

from __future__ import annotations

from typing import Any

from sandbox.openshift.kinds import DEPLOYMENT, EVENT
from sandbox.openshift.objects import Manifest, Objects, new
from sandbox.openshift.reactions.scripts import await_pods

HOME = "trustee-operator-system"


def event(number: int, message: str, *, kind: str = "KbsConfig", type_: str = "Warning") -> Manifest:
    made = new(EVENT, f"event-{number}", HOME, message=message, type=type_)
    made["involvedObject"] = {"kind": kind, "name": "kbs", "namespace": HOME}
    made["metadata"]["creationTimestamp"] = f"2026-01-01T00:{number:02}:00Z"
    return made


def said(*events: Manifest) -> str:
    content: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [{"name": "kbs"}]}}}}
    objects = Objects([new(DEPLOYMENT, "trustee-deployment", HOME, **content), *events])
    outcome = await_pods.run(objects, {"NAMESPACE": HOME, "RENDERED": "digest"})
    assert outcome.waiting
    return outcome.waiting.partition("update made. ")[2]


def test_only_warnings_are_told_and_none_of_a_job() -> None:
    assert said(
        event(1, "is ready", type_="Normal"), event(2, "waits", kind="Job"), event(3, "is missing")
    ) == ("KbsConfig kbs: is missing")


def test_what_is_repeated_is_told_once() -> None:
    assert (
        said(event(1, "a"), event(2, "b"), event(3, "b"), event(4, "b"))
        == "KbsConfig kbs: a; KbsConfig kbs: b"
    )


def test_the_newest_are_told_whatever_they_are_called() -> None:
    """An operator at work warns of conflicts that are long over."""
    old = [event(number, f"z{number}") for number in range(10, 20)]
    told = said(event(30, "a: what is wrong now"), *old)
    assert told.endswith("KbsConfig kbs: a: what is wrong now")
    assert told.count("KbsConfig") == 5
