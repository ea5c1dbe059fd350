"""What the official Kubernetes provider waits for after it wrote an object, evaluated on a cluster that has come to rest.

`pulumi.com/waitFor` replaces the built-in wait of a kind, `pulumi.com/skipAwait` turns it off. What is not true at rest will
not become true, so nothing is waited for: an unmet condition is reported at once, with what the cluster says about it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.openshift.apply import at
from sandbox.openshift.jsonpath import select
from sandbox.openshift.kinds import DAEMON_SET, DEPLOYMENT, ENDPOINTS, JOB, POD, SERVICE
from sandbox.openshift.objects import (
    Manifest,
    Objects,
    annotation,
    condition,
    events_about,
    kind_of,
    ref_of,
)
from sandbox.shapes import is_list, list_in

WAIT_FOR, SKIP = "pulumi.com/waitFor", "pulumi.com/skipAwait"
_JSONPATH = re.compile(r"jsonpath=\{\s*(?P<path>.*?)\s*\}(?:=(?P<value>.+))?")
_CONDITION = re.compile(r"condition=(?P<type>[^=]+)(?:=(?P<status>.+))?")


@dataclass(frozen=True)
class Wait:
    """A condition as written, and either a path (with the value it must have, if any) or a condition's type and status."""

    text: str
    path: str | None = None
    value: str | None = None
    condition: tuple[str, str] = ("", "")

    def unmet(self, live: Manifest) -> str | None:
        """What is there instead."""
        if self.path is None:
            found = condition(live, self.condition[0])
            return None if found == self.condition[1] else found or "no such condition"
        results = select(self.path, live)
        if not results:
            return "nothing"
        text = _text(results[0])
        return None if self.value is None or text == self.value else text


def parse(annotation_value: str) -> list[Wait]:
    """One condition or a JSON array of them; ValueError says what is wrong, as the provider would."""
    try:
        texts = json.loads(annotation_value)
    except ValueError:
        texts = [annotation_value]
    if not is_list(texts) or not texts:
        raise ValueError("at least one condition must be specified")
    return [_parse(str(text)) for text in texts]


def _parse(text: str) -> Wait:
    if match := _JSONPATH.fullmatch(text):
        select(match["path"], {})
        return Wait(text, path=match["path"], value=match["value"])
    if match := _CONDITION.fullmatch(text):
        return Wait(text, condition=(match["type"], match["status"] or "True"))
    raise ValueError(
        f'expected "jsonpath={{.path}}", "jsonpath={{.path}}=value" or "condition=Type", got {text!r}'
    )


def unready(objects: Objects, live: Manifest) -> list[str]:
    """Why an object that was written is not ready, for a person; empty when it is."""
    if annotation(live, SKIP) == "true":
        return []
    wanted = annotation(live, WAIT_FOR)
    if wanted:
        unmet = [(wait, found) for wait in parse(wanted) if (found := wait.unmet(live))]
        reasons = [f"waited for {wait.text}, found {found}" for wait, found in unmet]
        reasons += _conditions(live) if reasons else []
    else:
        reasons = list(_built_in(objects, live))
    if not reasons:
        return []
    return [*reasons, *_hints(objects, live), f"look at: oc describe {_address(live)}"]


def _built_in(objects: Objects, live: Manifest) -> Iterator[str]:
    kind, status = kind_of(live), live.get("status", {})
    if kind is DEPLOYMENT:
        for type_ in ("Available", "Progressing"):
            if condition(live, type_) != "True":
                yield from _said(live, type_)
    elif kind is DAEMON_SET and status.get("numberReady") != status.get("desiredNumberScheduled"):
        yield f"{status.get('numberReady', 0)} of {status.get('desiredNumberScheduled', 0)} pods are ready"
    elif kind is JOB and condition(live, "Failed") == "True":
        yield from _said(live, "Failed")
    elif kind is JOB and condition(live, "Complete") != "True":
        yield "the Job did not complete"
    elif kind is POD and condition(live, "Ready") != "True":
        yield "the pod is not Ready"
    elif kind is SERVICE:
        yield from _service(objects, live)


def _service(objects: Objects, live: Manifest) -> Iterator[str]:
    """The official provider is content with a Service that selects nothing, but not with pods that are not ready."""
    endpoints = objects.get(ENDPOINTS, live["metadata"]["name"], live["metadata"]["namespace"]) or {}
    if any(subset.get("notReadyAddresses") for subset in list_in(endpoints, "subsets")):
        yield "Service does not target any Pods. Selected Pods may not be ready"
    if live["spec"].get("type") == "LoadBalancer" and not at(live, ("status", "loadBalancer", "ingress")):
        yield "Service was not allocated an IP address"


def _said(live: Manifest, type_: str) -> Iterator[str]:
    for item in live.get("status", {}).get("conditions", []):
        if item["type"] == type_:
            yield f"[{item['reason']}] {item['message']}"
            return
    yield f"condition {type_} is not there"


def _hints(objects: Objects, live: Manifest) -> Iterator[str]:
    """Conditions of the object, and the events about it and about everything it owns."""
    shown = [
        f"{item['type']}={item['status']}" + _why(item)
        for item in live.get("status", {}).get("conditions", [])
    ]
    if shown:
        yield f"conditions: {', '.join(shown)}"
    family, seen = [live], {live["metadata"]["uid"]}
    for member in family:
        yield from events_about(objects, member)
        for candidate in objects:
            owners = {owner["uid"] for owner in candidate["metadata"].get("ownerReferences", [])}
            if member["metadata"]["uid"] in owners and candidate["metadata"]["uid"] not in seen:
                seen.add(candidate["metadata"]["uid"])
                family.append(candidate)


def _conditions(live: Manifest) -> list[str]:
    shown = [
        f"{item['type']}={item['status']}{_why(item)}"
        for item in live.get("status", {}).get("conditions", [])
    ]
    return [f"conditions: {', '.join(shown)}"] if shown else []


def _why(item: Manifest) -> str:
    text = " ".join(part for part in (item.get("reason"), item.get("message")) if part)
    return f" ({text})" if text else ""


def _address(live: Manifest) -> str:
    kind, namespace, name = ref_of(live)
    return f"{kind.resource} {name}" + (f" -n {namespace}" if namespace else "")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
