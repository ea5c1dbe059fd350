"""`dry_run.sh`: waits until the API server, with all webhooks, would take an object."""

from __future__ import annotations

import json

from sandbox.openshift import admission
from sandbox.openshift.defaults import defaulted
from sandbox.openshift.definitions import crd_name
from sandbox.openshift.kinds import CRD, KINDS, OF_OPERATORS
from sandbox.openshift.objects import Objects
from sandbox.openshift.reactions.scripts.outcome import Environment, Need, Outcome
from sandbox.provider import Refused


def needs(environment: Environment) -> list[Need]:
    manifest = json.loads(environment["MANIFEST"])
    kind = KINDS[manifest["apiVersion"], manifest["kind"]]
    return [Need(kind, "create", manifest["metadata"].get("namespace", ""))]


def run(objects: Objects, environment: Environment) -> Outcome:
    manifest = json.loads(environment["MANIFEST"])
    kind = KINDS[manifest["apiVersion"], manifest["kind"]]
    if kind in OF_OPERATORS and objects.get(CRD, crd_name(kind)) is None:
        return Outcome(waiting=f'no matches for kind "{kind.kind}" in version "{kind.api_version}"')
    try:
        admission.admit(kind, defaulted(manifest), None, objects)
    except Refused as refusal:
        return Outcome(waiting=f"the API server does not take the first {kind.kind}: {refusal.message}")
    return Outcome()
