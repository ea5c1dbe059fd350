"""The objects of a workload's folder: which kinds there may be, one namespace for all, and exactly one that holds pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from model.workloads import lock, persistence
from model.workloads.documents import DocumentError, documents
from model.workloads.problems import Field, Problem
from model.workloads.volume_rules import NO_STORAGE

# By kind that holds pods: its API version and where in it the pod template is. A Pod is its own template.
HOLDERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "Deployment": ("apps/v1", ("spec", "template")),
    "StatefulSet": ("apps/v1", ("spec", "template")),
    "Job": ("batch/v1", ("spec", "template")),
    "CronJob": ("batch/v1", ("spec", "jobTemplate", "spec", "template")),
    "Pod": ("v1", ()),
}
_BESIDE: Final = {
    "Namespace": "v1",
    "Service": "v1",
    "ConfigMap": "v1",
    "ServiceAccount": "v1",
    "Secret": "v1",
    "Route": "route.openshift.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}
FIRST: Final = ("Namespace", "ServiceAccount", "ConfigMap", "Secret")
"""What a pod cannot start without, in the order in which it can be made."""
_REFUSED: Final = {
    **dict.fromkeys(("PersistentVolume", "PersistentVolumeClaim"), NO_STORAGE),
    "StorageClass": (
        "must not be in a workload's folder: with encrypt-type and kbs-key-id it would let whoever runs the cluster choose the key"
        " and the kind of the volume, before any policy is asked",
        "remove it; what must last is saved as persistence.yaml says",
    ),
    "List": ("must not be a list of objects", "write each object as a YAML document of its own"),
    **dict.fromkeys(
        ("DaemonSet", "ReplicaSet", "ReplicationController", "DeploymentConfig"),
        ("holds pods, but is no kind that a workload may have", f"use one of {', '.join(HOLDERS)}"),
    ),
}
# What the API server writes by itself (ObjectMeta); in a file it comes from an export of a live object.
_BY_CLUSTER: Final = (
    "uid",
    "resourceVersion",
    "generation",
    "managedFields",
    "selfLink",
    "creationTimestamp",
    "ownerReferences",
    "deletionTimestamp",
)


@dataclass(frozen=True, kw_only=True)
class WorkloadObject:
    """One object as its file has it. ``namespace`` is empty for a Namespace."""

    file: str
    api_version: str
    kind: str
    name: str
    namespace: str
    manifest: Mapping[str, Any]


def parse(folder: str, files: Mapping[str, str], problems: list[Problem]) -> list[Field]:
    """The objects in the order of their files, the lock file left out; mistakes in the text go to ``problems``."""
    found: list[Field] = []
    for file in sorted(files):
        if file in (lock.FILE, persistence.FILE) or file.endswith(".md"):
            continue
        whole = Field(None, f"{folder}/{file}", "", "", problems)
        if not file.endswith((".yaml", ".yml")):
            whole.refuse("is not read", "name it .yaml if it holds manifests, else remove it", show=False)
            continue
        try:
            contents = documents(files[file])
        except DocumentError as error:
            whole.refuse(error.rule, error.fix, show=False)
            continue
        for number, content in enumerate(contents, 1):
            found.append(Field(content, whole.file, _label(content, number), "", problems))
    return found


def identify(fields: Sequence[Field]) -> list[tuple[WorkloadObject, Field]]:
    """The objects of known kinds, first what a pod needs to start; what is wrong with kinds, names and namespaces is reported."""
    known = [(item, field) for field in fields if (item := _identity(field)) is not None]
    twice = Counter((item.kind, item.name) for item, _ in known)
    for item, field in known:
        if twice[item.kind, item.name] > 1:
            field.refuse("comes more than once", "remove one of them", show=False)
    _one_namespace(known)
    return sorted(known, key=lambda each: _order(each[0].kind))


def _order(kind: str) -> int:
    return FIRST.index(kind) if kind in FIRST else len(FIRST)


def template(holder: WorkloadObject, field: Field) -> Field | None:
    """The pod template of an object that holds pods; None, and a problem, where there is none."""
    inner: Field | None = field
    for key in HOLDERS[holder.kind][1]:
        inner = inner.require(key, f"write the {key} of the {holder.kind}") if inner is not None else None
    return inner


def _identity(field: Field) -> WorkloadObject | None:
    top = field.mapping()
    if not top:
        return None
    kind_field = field.require("kind", "write the kind, for example kind: Deployment")
    version_field = field.require("apiVersion", "write it, for example apiVersion: apps/v1")
    metadata = field.require("metadata", "write it with a name and a namespace")
    if kind_field is None or version_field is None or metadata is None:
        return None
    kind, version = kind_field.text(), version_field.text()
    wanted = HOLDERS[kind][0] if kind in HOLDERS else _BESIDE.get(kind)
    if wanted is None:
        rule, fix = _REFUSED.get(
            kind,
            (
                "is no kind that a workload may have",
                f"remove it, or deploy it apart; the kinds here are {', '.join([*HOLDERS, *_BESIDE])}",
            ),
        )
        kind_field.refuse(rule, fix)
        return None
    if version != wanted:
        version_field.refuse(f"must be {wanted} for a {kind}", f"write apiVersion: {wanted}")
    if (status := top.get("status")) is not None and status.value:
        status.refuse("is written by the cluster", "remove it", show=False)
    given = metadata.mapping()
    for key in _BY_CLUSTER:
        if key in given:
            given[key].refuse("is written by the cluster", "remove it", show=False)
    if "generateName" in given:
        given["generateName"].refuse("must not be used", "write metadata.name")
    name = metadata.require("name", "give the object a name")
    space = given.get("namespace")
    if kind == "Namespace":
        if space is not None:
            space.refuse("must not be set on a Namespace", "remove it")
    elif space is None:
        metadata.require("namespace", "write the namespace, the same in each object")
    if name is None:
        return None
    return WorkloadObject(
        file=field.file,
        api_version=version,
        kind=kind,
        name=name.text(),
        namespace="" if space is None or kind == "Namespace" else space.text(),
        manifest=field.value,
    )


def _one_namespace(known: Sequence[tuple[WorkloadObject, Field]]) -> None:
    named = [
        (item.name if item.kind == "Namespace" else item.namespace, item, field) for item, field in known
    ]
    first = next((space for space, _, _ in named if space), "")
    for space, item, field in named:
        if space and space != first:
            metadata = field.mapping()["metadata"].mapping()
            metadata["name" if item.kind == "Namespace" else "namespace"].refuse(
                f"must be {first}, the namespace of the other objects",
                "use one namespace, and a folder of its own for each workload",
            )


def _label(content: Any, number: int) -> str:
    """``<kind> <name>`` as far as a document says so, else its number in the file."""
    if not isinstance(content, dict):
        return f"document {number}"
    top = cast(dict[str, Any], content)
    kind, metadata = top.get("kind"), top.get("metadata")
    name = cast(dict[str, Any], metadata).get("name") if isinstance(metadata, dict) else None
    return f"{kind} {name}" if isinstance(kind, str) and isinstance(name, str) else f"document {number}"
