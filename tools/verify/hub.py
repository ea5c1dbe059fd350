"""What a hub's state alone cannot show: whether Trustee runs as it says, and what it answers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from live.cluster import Live
from tools.posture.deployment import Deployment, Resource, table
from tools.verify.check import LiveCheck
from tools.verify.objects import subject

_MARK: Final = "COCO_RENDERED"


def checks(stack: Deployment, live: Live, now: datetime) -> Iterator[LiveCheck]:
    """Empty for a stack without Trustee. Raises Unreachable."""
    for kbs in stack.objects("KbsConfig"):
        yield _ready(kbs, live)
        yield _current(kbs, live)
        yield _served(kbs, live)
        yield _migrated(kbs, live)
    for route in stack.objects("Route"):
        if table(route.inputs, "spec", "to").get("name") == "kbs-service":
            yield _route(route, str(stack.outputs.get("kbsUrl", "")), live)
    for certificate in stack.objects("Certificate"):
        yield _certificate(certificate, _in_use(stack, certificate), live, now)


def _ready(kbs: Resource, live: Live) -> LiveCheck:
    ready = table(_live(kbs, live), "status").get("isReady")
    return LiveCheck.of(subject(kbs), "is ready", [] if ready is True else [f"status.isReady is {ready}"])


def _current(kbs: Resource, live: Live) -> LiveCheck:
    """`isReady` is also true of pods that run what the update before had rendered."""
    found = live.get("apps/v1", "Deployment", "trustee-deployment", kbs.namespace)
    containers: list[Any] = table(found, "spec", "template", "spec").get("containers") or []
    marks = [
        one.get("value") for each in containers for one in each.get("env") or () if one.get("name") == _MARK
    ]
    wanted = table(kbs.inputs, "spec", "KbsEnvVars").get(_MARK)
    status = table(found, "status")
    count = table(found, "spec").get("replicas", 1)
    problems = (
        [] if marks == [wanted] else [f"its template has {_MARK} {', '.join(map(str, marks)) or 'nowhere'}"]
    )
    if [status.get("replicas"), status.get("updatedReplicas"), status.get("readyReplicas")] != [count] * 3:
        problems.append(f"{status.get('updatedReplicas') or 0} of {count} pods run the present template")
    return LiveCheck.of(
        f"Deployment {kbs.namespace}/trustee-deployment", "runs what the state rendered", problems
    )


def _served(kbs: Resource, live: Live) -> LiveCheck:
    names: list[str] = table(kbs.inputs, "spec").get("kbsSecretResources") or []
    missing = [name for name in names if live.get("v1", "Secret", name, kbs.namespace) is None]
    return LiveCheck.of(
        f"served secrets in {kbs.namespace}",
        f"exist by name: {', '.join(names) or 'none'}",
        [f"{name} is missing" for name in missing],
    )


def _migrated(kbs: Resource, live: Live) -> LiveCheck:
    """Operator 1.2 copies a ConfigMap without its mark to `<name>.v1.1` and deletes it."""
    taken = [
        name
        for one in live.list("v1", "ConfigMap", kbs.namespace)
        if (name := str(table(one, "metadata").get("name"))).endswith(".v1.1")
    ]
    return LiveCheck.of(
        f"ConfigMaps of {kbs.namespace}",
        "none was taken for one of Trustee 1.1",
        [f"{name} is a copy that the operator made before it deleted the ConfigMap" for name in taken],
    )


def _route(route: Resource, url: str, live: Live) -> LiveCheck:
    host = url.removeprefix("https://")
    ingress: list[Any] = table(_live(route, live), "status").get("ingress") or []
    admitted = [
        str(one.get("host"))
        for one in ingress
        if any(c.get("type") == "Admitted" and c.get("status") == "True" for c in one.get("conditions") or ())
    ]
    problems = [] if host in admitted else [f"the router serves {', '.join(admitted) or 'nothing'}"]
    return LiveCheck.of(subject(route), f"is served as {host}", problems)


def _certificate(certificate: Resource, in_use: str | None, live: Live, now: datetime) -> LiveCheck:
    """The KBS reads a renewed certificate when its pods roll, which the next `up` makes them do."""
    status = table(_live(certificate, live), "status")
    ready: list[Any] = [one for one in status.get("conditions") or () if one.get("type") == "Ready"]
    problems = [] if any(one.get("status") == "True" for one in ready) else ["is not ready"]
    ends = status.get("notAfter")
    if ends and now >= datetime.strptime(str(ends), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC):
        problems.append(f"expired on {ends}")
    if in_use is not None and status.get("notBefore") != in_use:
        problems.append(
            f"was issued anew ({status.get('notBefore')}), and the KBS serves that of {in_use}: run up, which rolls its pods"
        )
    return LiveCheck.of(subject(certificate), "is issued, and is the one in use", problems)


def _in_use(stack: Deployment, certificate: Resource) -> str | None:
    """Since when the one of the last update holds, where the program looked."""
    for one in stack.resources:
        if one.external and one.type == certificate.type and one.id == certificate.id:
            return table(one.outputs, "status").get("notBefore")
    return None


def _live(resource: Resource, live: Live) -> Any:
    api_version, kind = resource.kind
    return live.get(api_version, kind, resource.object_name, resource.namespace) or {}
