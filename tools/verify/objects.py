"""Compares every Kubernetes object of the stack's state with the live one."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from live.cluster import Live
from model.attestation import initdata
from tools.posture.deployment import Deployment, Resource, table
from tools.posture.untrusted import ANNOTATION, RUNTIME_CLASS
from tools.verify.check import LiveCheck, differences

OLM: Final = "operators.coreos.com/v1alpha1"
_EMPTY: Final[tuple[object, ...]] = ({}, [], "", None)
_WRITTEN_ONCE: Final = ("azure-podvm-image-cm",)  # their content is an operator's from then on


def checks(stack: Deployment, live: Live) -> Iterator[LiveCheck]:
    """Raises Unreachable."""
    for resource in stack.resources:
        if resource.type.startswith("kubernetes:") and not resource.external and resource.kind[1]:
            yield _object(resource, live)
    for subscription in stack.objects("Subscription"):
        yield _operator(subscription, live)
    for deployment in stack.objects("Deployment"):
        yield from _pods(deployment, live)


def subject(resource: Resource) -> str:
    place = f"{resource.namespace}/" if resource.namespace else ""
    return f"{resource.kind[1]} {place}{resource.object_name}"


def _object(resource: Resource, live: Live) -> LiveCheck:
    api_version, kind = resource.kind
    found = live.get(api_version, kind, resource.object_name, resource.namespace)
    if kind == "Secret":
        return LiveCheck.of(
            subject(resource), "exists; its content is not read", [] if found else ["is missing"]
        )
    if found is None:
        return LiveCheck.of(subject(resource), "as in the state", ["is missing"])
    theirs = ("metadata", "stringData", *(("data",) if resource.object_name in _WRITTEN_ONCE else ()))
    wanted = {key: value for key, value in resource.inputs.items() if key not in theirs}
    ours = table(resource.inputs, "metadata")
    metadata = {
        part: {k: v for k, v in table(ours, part).items() if not k.startswith("pulumi.com/")}
        for part in ("labels", "annotations")
    }
    problems = list(differences({**_readable(wanted), "metadata": metadata}, _readable(found)))
    if kind == "KbsConfig":  # what is not ours here would be another policy or another secret
        # Empty ones are the operator's: it writes the whole object when it adds its finalizer.
        there = {key for key, value in table(found, "spec").items() if value not in _EMPTY}
        problems += [
            f"spec.{key} is not in the state" for key in sorted(there - table(resource.inputs, "spec").keys())
        ]
    return LiveCheck.of(subject(resource), "as in the state", problems)


def _readable(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """With initdata and reference values decoded, so that a difference says something."""
    result = dict(manifest)
    if isinstance(data := manifest.get("data"), Mapping):
        result["data"] = {key: _decoded(key, value) for key, value in table(data).items()}
    template = table(manifest, "spec", "template", "metadata")
    if encoded := table(template, "annotations").get(ANNOTATION):
        annotations = {**table(template, "annotations"), ANNOTATION: _toml(encoded)}
        spec = table(manifest, "spec")
        result["spec"] = {
            **spec,
            "template": {**table(spec, "template"), "metadata": {**template, "annotations": annotations}},
        }
    return result


def _decoded(key: str, value: Any) -> Any:
    if key == "INITDATA":
        return _toml(value)
    if key == "reference_value":
        try:
            entries = json.loads(value)
            return {
                name: json.loads(base64.b64decode(text, altchars=b"-_")) for name, text in entries.items()
            }
        except (ValueError, AttributeError, TypeError):
            return value
    return value


def _toml(encoded: Any) -> Any:
    try:
        return initdata.decode(str(encoded)).toml
    except initdata.InitdataError:
        return encoded


def _operator(subscription: Resource, live: Live) -> LiveCheck:
    """The pinned version, and nothing else of this operator, is installed."""
    namespace, pin = subscription.namespace, str(subscription.inputs["spec"]["startingCSV"])
    package = pin.partition(".v")[0]
    versions = {
        table(one, "metadata").get("name"): table(one, "status").get("phase")
        for one in live.list(OLM, "ClusterServiceVersion", namespace)
        if str(table(one, "metadata").get("name", "")).partition(".v")[0] == package
    }
    problems = [] if pin in versions else ["is not installed"]
    problems += [f"is {phase}" for name, phase in versions.items() if name == pin and phase != "Succeeded"]
    problems += [f"{name} is there as well ({phase})" for name, phase in versions.items() if name != pin]
    return LiveCheck.of(
        f"ClusterServiceVersion {namespace}/{pin}", "installed at the pinned version", problems
    )


def _pods(deployment: Resource, live: Live) -> Iterator[LiveCheck]:
    """The pods that run now measure what the state says: a template may be right while older pods still run."""
    template = table(deployment.inputs, "spec", "template")
    wanted = table(template, "metadata", "annotations").get(ANNOTATION)
    runtime_class = table(template, "spec").get("runtimeClassName")
    if runtime_class != RUNTIME_CLASS:
        return
    labels = table(deployment.inputs, "spec", "selector", "matchLabels")
    about, what = f"pods of {subject(deployment)}", "run with the initdata of the state"
    pods = [
        pod
        for pod in live.list("v1", "Pod", deployment.namespace)
        if labels.items() <= table(pod, "metadata", "labels").items()
    ]
    if not pods:
        yield LiveCheck.skipped(about, what, "no pod runs")
        return
    problems: list[str] = []
    for pod in pods:
        name = table(pod, "metadata").get("name")
        annotation = table(pod, "metadata", "annotations").get(ANNOTATION)
        spec = {"runtimeClassName": runtime_class, "initdata": _toml(wanted) if wanted else None}
        now = {
            "runtimeClassName": table(pod, "spec").get("runtimeClassName"),
            "initdata": annotation and _toml(annotation),
        }
        problems += [f"{name}: {problem}" for problem in differences(spec, now)]
    yield LiveCheck.of(about, what, problems)
