"""Whether the service account of a Job may do what its script does, by the roles that are bound to it."""

from __future__ import annotations

from typing import Any

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from sandbox.openshift.objects import Manifest, Objects
from sandbox.openshift.reactions.scripts.outcome import Need
from sandbox.shapes import list_in


def forbidden(objects: Objects, job: Manifest, need: Need) -> str | None:
    """The API server's answer where the account may not; None where it may."""
    account = at(job, ("spec", "template", "spec", "serviceAccountName")) or "default"
    subject = ("ServiceAccount", account, job["metadata"]["namespace"])
    bindings = [(binding, need.namespace) for binding in objects.all(ROLE_BINDING, need.namespace)]
    bindings += [(binding, "") for binding in objects.all(CLUSTER_ROLE_BINDING)]
    for binding, space in bindings:
        subjects = [(s["kind"], s["name"], s.get("namespace")) for s in list_in(binding, "subjects")]
        if subject not in subjects:
            continue
        reference = binding["roleRef"]
        role = objects.get(ROLE, reference["name"], space) if reference["kind"] == "Role" else None
        if reference["kind"] == "ClusterRole":
            role = objects.get(CLUSTER_ROLE, reference["name"])
        if role and any(_grants(rule, need) for rule in list_in(role, "rules")):
            return None
    what = f'{need.kind.resource} "{need.name}"' if need.name else need.kind.resource
    where = f' in the namespace "{need.namespace}"' if need.namespace else " at the cluster scope"
    return (
        f'Error from server (Forbidden): {what} is forbidden: User "system:serviceaccount:{subject[2]}:{account}" '
        f'cannot {need.verb} resource "{need.kind.plural}" in API group "{need.kind.group}"{where}'
    )


def _grants(rule: dict[str, Any], need: Need) -> bool:
    names = rule.get("resourceNames") or [need.name]
    wanted = (("apiGroups", need.kind.group), ("resources", need.kind.plural), ("verbs", need.verb))
    return need.name in names and all({"*", value} & set(list_in(rule, field)) for field, value in wanted)
