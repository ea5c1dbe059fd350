"""The default ingress controller: gives Routes their host and admits each host to one namespace only."""

from __future__ import annotations

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import INGRESS_CONFIG, ROUTE
from sandbox.openshift.objects import Effect, Manifest, Objects, put_changed, with_status


def react(objects: Objects) -> list[Effect]:
    config = objects.get(INGRESS_CONFIG, "cluster")
    domain = (config or {}).get("spec", {}).get("domain")
    if not domain:
        return []
    effects: list[Effect] = []
    claimed: dict[str, Manifest] = {}
    # An admitted Route keeps its host; among new ones the older, then the first by name, wins.
    routes = sorted(objects.all(ROUTE), key=lambda route: (not _admitted(route), *_age(route)))
    for route in routes:
        host = _host(route, domain)
        holder = claimed.setdefault(host, route)
        taken = holder is not route and (
            holder["metadata"]["namespace"] != route["metadata"]["namespace"]
            or holder["spec"].get("path", "") == route["spec"].get("path", "")
        )
        reason = f"route {holder['metadata']['name']} already exposes {host} and is older" if taken else ""
        named = route["spec"].get("host") or route["spec"].get("subdomain")
        live = route if named else {**route, "spec": {**route["spec"], "host": host}}
        effects += put_changed(route, with_status(live, ingress=[_ingress(host, domain, reason)]))
    return effects


def _host(route: Manifest, domain: str) -> str:
    spec, metadata = route["spec"], route["metadata"]
    if spec.get("subdomain") and not spec.get("host"):
        return f"{spec['subdomain']}.{domain}"
    return spec.get("host") or f"{metadata['name']}-{metadata['namespace']}.{domain}"


def _ingress(host: str, domain: str, problem: str) -> Manifest:
    admitted = {"type": "Admitted", "status": "False" if problem else "True"}
    if problem:
        admitted |= {"reason": "HostAlreadyClaimed", "message": problem}
    return {
        "host": host,
        "routerName": "default",
        "routerCanonicalHostname": f"router-default.{domain}",
        "wildcardPolicy": "None",
        "conditions": [admitted],
    }


def _admitted(route: Manifest) -> bool:
    ingress: list[Manifest] = at(route, ("status", "ingress")) or [{}]
    return any(item.get("status") == "True" for item in ingress[0].get("conditions", []))


def _age(route: Manifest) -> tuple[str, str, str]:
    metadata = route["metadata"]
    return metadata.get("creationTimestamp", ""), metadata["namespace"], metadata["name"]
