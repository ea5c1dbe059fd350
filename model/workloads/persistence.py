"""``persistence.yaml``: which volume of a workload outlives its pods, and the two containers that see to it.

``restore`` ends before any other container starts, ``save`` is a sidecar, so that it ends after them. Both run ``store.sh``: what it
reads of the KBS (model.object_store) says where the snapshots are, and the pod's manifest says nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from model import object_store
from model.workloads import documents
from model.workloads.documents import DocumentError
from model.workloads.problems import Field as Place

FILE: Final = "persistence.yaml"
RESTORE, SAVE, VOLUME = "restore", "save", "store"
"""Names that are taken in the pod: two containers, and the volume in memory that they share."""
_KINDS: Final = ("Deployment", "StatefulSet")
_SCRIPT: Final = Path(__file__).with_name("store.sh")
_CDH: Final = "http://127.0.0.1:8006/cdh/resource"
GRACE_SECONDS: Final = 120


class Persistence(BaseModel):
    """``volume``: an emptyDir of the pod. ``every_seconds``: how often it is saved, besides at the end of the pod."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    kind: Literal["objectStore"]
    volume: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    every_seconds: Annotated[int, Field(strict=True, ge=30, le=86400)] = 900
    image: str


def read(text: str) -> Persistence:
    """Raises DocumentError with all that is wrong."""
    found = documents.documents(text)
    if len(found) != 1:
        raise DocumentError("must be one YAML document", "write kind, volume and image")
    try:
        return Persistence.model_validate(found[0])
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise DocumentError("must say kind, volume and image of the persistence", "; ".join(wrong)) from None


def problems(
    holder: Place, kind: str, template: Place, said: Persistence
) -> Iterator[tuple[Place, str, str]]:
    """Why the workload cannot be made persistent: the field, the rule and the fix."""
    if kind not in _KINDS:
        yield (
            holder,
            "must be a Deployment or a StatefulSet to have a volume that is saved",
            "use one of them",
        )
        return
    spec = _map(holder.value, "spec")
    if spec.get("replicas", 1) != 1:
        yield (
            holder,
            "must have one replica, because two pods would save over each other",
            "write replicas: 1",
        )
    if kind == "Deployment" and _map(spec, "strategy").get("type") != "Recreate":
        yield (
            holder,
            "must end one pod before it starts the next, because two pods would save over each other",
            "write strategy: {type: Recreate}",
        )
    pod = _map(template.value, "spec")
    volumes = {str(each.get("name")): each for each in _list(pod, "volumes")}
    if "emptyDir" not in volumes.get(said.volume, {}):
        yield (
            template,
            f"must have the emptyDir {said.volume}, which {FILE} names",
            f"correct volume in {FILE}, or add the volume",
        )
    used = {str(each.get("name")) for each in (*_list(pod, "initContainers"), *_list(pod, "containers"))}
    for name in sorted({RESTORE, SAVE} & used):
        yield template, f"must not have a container named {name}: it is added", "rename yours"
    if VOLUME in volumes:
        yield template, f"must not have a volume named {VOLUME}: it is added", "rename yours"
    grace = pod.get("terminationGracePeriodSeconds", GRACE_SECONDS)
    if isinstance(grace, int) and grace < GRACE_SECONDS:
        yield (
            template,
            f"must have {GRACE_SECONDS} seconds to end, in which the last state is saved",
            f"write terminationGracePeriodSeconds: {GRACE_SECONDS} or more",
        )


def add(template: dict[str, Any], workload: str, said: Persistence) -> None:
    """Puts both containers, their volume and the time to end into a pod template without ``problems``."""
    pod: dict[str, Any] = template["spec"]
    pod["volumes"] = [*_list(pod, "volumes"), {"name": VOLUME, "emptyDir": {"medium": "Memory"}}]
    pod["initContainers"] = [
        _container(RESTORE, workload, said, pod),
        _container(SAVE, workload, said, pod) | {"restartPolicy": "Always"},
        *_list(pod, "initContainers"),
    ]
    pod.setdefault("terminationGracePeriodSeconds", GRACE_SECONDS)


def _container(name: str, workload: str, said: Persistence, pod: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{_CDH}/default/{object_store.secret(workload)}"
    return {
        "name": name,
        "image": said.image,
        "command": ["/bin/sh", "-c", _SCRIPT.read_text("utf-8"), name, url, str(said.every_seconds)],
        "workingDir": "/",
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            **_owner(pod, said.volume),
        },
        "volumeMounts": [
            {"name": VOLUME, "mountPath": f"/{VOLUME}"},
            {"name": said.volume, "mountPath": "/data", **({"readOnly": True} if name == SAVE else {})},
        ],
    }


def _owner(pod: Mapping[str, Any], volume: str) -> dict[str, Any]:
    """The user of the first container that has the volume: files that another user restored could not be changed by it."""
    for container in _list(pod, "containers"):
        if any(each.get("name") == volume for each in _list(container, "volumeMounts")):
            security = _map(container, "securityContext")
            return {key: security[key] for key in ("runAsUser", "runAsGroup") if key in security}
    return {}


def _map(value: Any, key: str) -> Mapping[str, Any]:
    found: Any = cast(Mapping[str, Any], value).get(key) if isinstance(value, dict) else None
    return cast(Mapping[str, Any], found) if isinstance(found, dict) else {}


def _list(value: Any, key: str) -> list[Mapping[str, Any]]:
    found: Any = cast(Mapping[str, Any], value).get(key) if isinstance(value, dict) else None
    items = cast(list[Any], found) if isinstance(found, list) else []
    return [cast(Mapping[str, Any], each) for each in items if isinstance(each, dict)]
