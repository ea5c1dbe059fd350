"""What would hold up the removal of a stack: pods that others run in the runtime classes of its KataConfig.

The operator deletes no KataConfig while such a pod exists, and `destroy` comes to it when all workloads of the stack are gone.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from live.cluster import Live
from tools.posture.deployment import Deployment, Resource, table

_CLASSES: Final = ("kata", "kata-remote")
_WITH_SELECTOR: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def foreign_pods(stack: Deployment, live: Live) -> list[str]:
    """`<namespace>/<name>` of each, none for a stack without a KataConfig. Raises Unreachable."""
    classes = {name for kata in stack.objects("KataConfig") for name in _classes(kata, live)}
    if not classes:
        return []
    return sorted(
        f"{table(pod, 'metadata').get('namespace')}/{table(pod, 'metadata').get('name')}"
        for pod in live.list("v1", "Pod", "")
        if table(pod, "spec").get("runtimeClassName") in classes and not _goes_with(stack, pod)
    )


def _classes(kata: Resource, live: Live) -> list[str]:
    found = live.get(*kata.kind, kata.object_name) or {}
    return [*_CLASSES, *(table(found, "status").get("runtimeClasses") or [])]


def _goes_with(stack: Deployment, pod: Mapping[str, Any]) -> bool:
    """Whether `destroy` deletes the pod before it comes to the KataConfig."""
    metadata = table(pod, "metadata")
    namespace = metadata.get("namespace")
    if any(one.object_name == namespace for one in stack.objects("Namespace")):
        return True
    labels = table(metadata, "labels")
    return any(selector.items() <= labels.items() for selector in _selectors(stack, str(namespace))) or any(
        (one.object_name, one.namespace) == (metadata.get("name"), namespace) for one in stack.objects("Pod")
    )


def _selectors(stack: Deployment, namespace: str) -> Iterator[dict[str, Any]]:
    for kind in _WITH_SELECTOR:
        for one in stack.objects(kind):
            if one.namespace == namespace and (
                selector := table(one.inputs, "spec", "selector", "matchLabels")
            ):
                yield selector
    for one in stack.objects("Job"):
        if one.namespace == namespace:
            yield {"job-name": one.object_name}
