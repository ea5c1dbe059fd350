"""Jobs. One that runs a script of the program does what that script would; any other is taken to succeed once its pod could start."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import JOB, POD
from sandbox.openshift.objects import (
    Effect,
    Manifest,
    Objects,
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
from sandbox.openshift.reactions import scripts
from sandbox.openshift.reactions.pods import admission_problem, start_problem


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
    script = scripts.of(template["spec"]["containers"][0])
    return [*effects, *(_scripted(objects, job, script) if script else put_changed(job, _complete(job)))]


def _scripted(objects: Objects, job: Manifest, script: scripts.Script) -> list[Effect]:
    outcome = script.run(objects, job)
    if outcome.effects:
        return outcome.effects
    if outcome.waiting is None:
        return [*report(objects, job, "script", "", None), *put_changed(job, _complete(job))]
    if outcome.final or _seconds(job) > script.patience:
        return put_changed(job, _failed(job, outcome.waiting))
    return [*report(objects, job, "script", "Waiting", outcome.waiting), *put_changed(job, _active(job))]


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
