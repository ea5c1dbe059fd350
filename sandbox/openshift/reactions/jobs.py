"""Jobs. One that names a version (environment CSV and NAMESPACE, image of the OpenShift CLI) approves that version's plan
as far as its service account may; any other is taken to succeed once its pod could start.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CSV,
    DEPLOYMENT,
    INSTALL_PLAN,
    JOB,
    POD,
    ROLE,
    ROLE_BINDING,
    SUBSCRIPTION,
    ObjectKind,
)
from sandbox.openshift.objects import (
    Effect,
    Manifest,
    Objects,
    Put,
    condition,
    conditions,
    ensure,
    new,
    now,
    put_changed,
    report,
    short_hash,
    with_status,
)
from sandbox.openshift.reactions.pods import admission_problem, start_problem
from sandbox.shapes import list_in

_CLI_IMAGES = ("openshift/cli", "ose-cli")


def react(objects: Objects) -> list[Effect]:
    effects: list[Effect] = []
    for job in objects.all(JOB):
        if not any(condition(job, end) == "True" for end in ("Complete", "Failed")):
            effects += _run(objects, job)
    return effects


def _run(objects: Objects, job: Manifest) -> list[Effect]:
    metadata, template = job["metadata"], job["spec"]["template"]
    name, namespace = metadata["name"], metadata["namespace"]
    problem = admission_problem(objects, namespace, template)
    if problem:
        return report(objects, job, "job-controller", "FailedCreate", problem)
    given: dict[str, str] = at(template, ("metadata", "labels")) or {}
    labels = {**given, "job-name": name}
    pod = new(
        POD,
        f"{name}-{short_hash(name, length=5)}",
        namespace,
        owner=job,
        labels=labels,
        spec=template["spec"],
    )
    effects = [*report(objects, job, "job-controller", "", None), *ensure(objects, pod)]
    stuck = start_problem(objects, pod)
    if stuck:
        return [*effects, *put_changed(job, _active(job))]
    container = template["spec"]["containers"][0]
    environment = {item["name"]: item.get("value", "") for item in list_in(container, "env")}
    if environment.get("CSV") and any(image in container["image"] for image in _CLI_IMAGES):
        return [*effects, *_approve(objects, job, environment)]
    return [*effects, *put_changed(job, _complete(job))]


def _approve(objects: Objects, job: Manifest, environment: dict[str, str]) -> list[Effect]:
    csv, namespace = environment["CSV"], environment.get("NAMESPACE") or job["metadata"]["namespace"]
    operands = [operand.split("/") for operand in environment.get("OPERANDS", "").split()]
    wanted = [(INSTALL_PLAN, verb, namespace, "") for verb in ("list", "patch")] + [
        (CSV, "get", namespace, csv)
    ]
    wanted += [(DEPLOYMENT, "get", space, name) for space, name in operands]
    for kind, verb, space, name in wanted:
        if not _allowed(objects, job, kind, verb, space, name):
            return put_changed(job, _failed(job, _forbidden(job, kind, verb, space, name)))
    version = objects.get(CSV, csv, namespace)
    phase = version.get("status", {}).get("phase") if version else None
    if phase == "Failed" and version:
        return put_changed(job, _failed(job, f"{csv} failed: {version['status']['message']}"))
    if phase == "Succeeded":
        missing = [
            f"{space}/{name}"
            for space, name in operands
            if condition(objects.get(DEPLOYMENT, name, space) or {}, "Available") != "True"
        ]
        if not missing:
            return [*report(objects, job, "approver", "", None), *put_changed(job, _complete(job))]
        waiting = f"waiting for deployment {', '.join(missing)}"
    else:
        for plan in objects.all(INSTALL_PLAN, namespace):
            if plan["spec"]["clusterServiceVersionNames"] == [csv] and not plan["spec"]["approved"]:
                return [Put({**plan, "spec": {**plan["spec"], "approved": True}})]
        waiting = f"no InstallPlan installs exactly {csv}: {_offered(objects, namespace)}"
    if _seconds(job) > float(environment.get("PATIENCE", "inf")):
        look = f"Look at: oc get subscription,installplan,csv -n {namespace} -o yaml"
        return put_changed(job, _failed(job, f"gave up: {waiting}\n{look}"))
    return [*report(objects, job, "approver", "Waiting", waiting), *put_changed(job, _active(job))]


def _offered(objects: Objects, namespace: str) -> str:
    """What OLM has to say instead of the plan that is looked for."""
    for subscription in objects.all(SUBSCRIPTION, namespace):
        for item in subscription.get("status", {}).get("conditions", []):
            if (item["type"], item["status"]) == ("ResolutionFailed", "True"):
                return f"{subscription['metadata']['name']}: {item['message']}"
    plans = [
        ", ".join(plan["spec"]["clusterServiceVersionNames"]) for plan in objects.all(INSTALL_PLAN, namespace)
    ]
    return f"there are plans for {'; '.join(plans)}" if plans else f"there is no Subscription in {namespace}"


def _allowed(objects: Objects, job: Manifest, kind: ObjectKind, verb: str, namespace: str, name: str) -> bool:
    account = at(job, ("spec", "template", "spec", "serviceAccountName")) or "default"
    subject = ("ServiceAccount", account, job["metadata"]["namespace"])
    bindings = [(binding, namespace) for binding in objects.all(ROLE_BINDING, namespace)]
    bindings += [(binding, "") for binding in objects.all(CLUSTER_ROLE_BINDING)]
    for binding, space in bindings:
        subjects = [(s["kind"], s["name"], s.get("namespace")) for s in list_in(binding, "subjects")]
        if subject not in subjects:
            continue
        reference = binding["roleRef"]
        role = objects.get(ROLE, reference["name"], space) if reference["kind"] == "Role" else None
        if reference["kind"] == "ClusterRole":
            role = objects.get(CLUSTER_ROLE, reference["name"])
        if role and any(_grants(rule, kind, verb, name) for rule in list_in(role, "rules")):
            return True
    return False


def _grants(rule: dict[str, Any], kind: ObjectKind, verb: str, name: str) -> bool:
    names = rule.get("resourceNames") or [name]
    wanted = (("apiGroups", kind.group), ("resources", kind.plural), ("verbs", verb))
    return name in names and all({"*", value} & set(list_in(rule, field)) for field, value in wanted)


def _forbidden(job: Manifest, kind: ObjectKind, verb: str, namespace: str, name: str) -> str:
    account = at(job, ("spec", "template", "spec", "serviceAccountName")) or "default"
    what = f'{kind.resource} "{name}"' if name else kind.resource
    return (
        f'Error from server (Forbidden): {what} is forbidden: User "system:serviceaccount:{job["metadata"]["namespace"]}:{account}" '
        f'cannot {verb} resource "{kind.plural}" in API group "{kind.group}" in the namespace "{namespace}"'
    )


def _started(job: Manifest) -> str:
    return job.get("status", {}).get("startTime") or now()


def _seconds(job: Manifest) -> float:
    """Since it has started."""
    return (datetime.now(UTC) - datetime.fromisoformat(_started(job))).total_seconds()


def _active(job: Manifest) -> Manifest:
    return with_status(job, active=1, startTime=_started(job))


def _complete(job: Manifest) -> Manifest:
    done = conditions(
        job,
        ("SuccessCriteriaMet", True, "CompletionsReached", ""),
        ("Complete", True, "CompletionsReached", ""),
    )
    return with_status(
        job, active=0, ready=0, succeeded=1, startTime=_started(job), completionTime=now(), conditions=done
    )


def _failed(job: Manifest, message: str) -> Manifest:
    ended = conditions(job, ("Failed", True, "BackoffLimitExceeded", message))
    return with_status(job, active=0, failed=1, startTime=_started(job), conditions=ended)
