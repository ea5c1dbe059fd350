"""The pod of a program that runs it under a profile: what it leaves out is filled in, and what a peer pod cannot have is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from model.workloads.pod_rules import check_pod
from model.workloads.problems import Field, Problem, WorkloadError

STRICT: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The security context of a container that has none."""


def profile_pod(
    name: str, pod: Mapping[str, Any], known: Callable[[Any], Any] = lambda value: value
) -> dict[str, Any]:
    """The pod's specification with what it leaves out; nothing that is there is changed.

    ``pod`` is a core/v1 PodSpec as a manifest has it, under the rules for workloads but for those that pinning asks for: variables
    may come from ConfigMaps and Secrets, and a container may have a terminal. A container without a security context gets STRICT,
    and the pod no token and no service links. ``known`` gives what to judge in the place of a value, for example of one that is
    known only later. Raises WorkloadError with all that is wrong; places in it are of ``name``.
    """
    problems: list[Problem] = []
    spec = {
        **pod,
        **{key: False for key in ("automountServiceAccountToken", "enableServiceLinks") if key not in pod},
    }
    for key in ("initContainers", "containers"):
        if isinstance(listed := spec.get(key), list | tuple):
            spec[key] = [_secured(each) for each in cast(list[Any], listed)]
    check_pod(Field({"spec": _judged(spec, known)}, "", name, "", problems), pinned=False)
    if problems:
        raise WorkloadError(dict.fromkeys(problems))
    return spec


def _secured(container: Any) -> Any:
    if not isinstance(container, Mapping) or "securityContext" in container:
        return cast(Any, container)
    return {**cast(Mapping[str, Any], container), "securityContext": dict(STRICT)}


def _judged(value: Any, known: Callable[[Any], Any]) -> Any:
    value = known(value)
    if isinstance(value, Mapping):
        return {key: _judged(inner, known) for key, inner in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_judged(inner, known) for inner in cast(list[Any], value)]
    return value
