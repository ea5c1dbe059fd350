"""A workload's files for tests: one Deployment that passes, and changes to it."""

from collections.abc import Callable
from typing import Any

from model.workloads import documents, lock
from model.workloads.grants import Grants
from model.workloads.lock import Lock, LockedImage
from model.workloads.problems import WorkloadError
from model.workloads.reading import read
from model.workloads.workload import Workload

IMAGE = "registry.example.com/team/web:1"
DIGEST = "sha256:" + "a1" * 32
Manifest = dict[str, Any]
SECURE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def image(**settings: Any) -> LockedImage:
    told = {
        "digest": DIGEST,
        "entrypoint": ["/entry"],
        "command": ["serve"],
        "environment": ["PATH=/usr/bin", "A=image"],
        "user": "1001",
        "workingDir": "/srv",
        "stopSignal": "SIGWINCH",
        "readAt": "2026-11-25T10:00:00Z",
        "readFrom": "registry.example.com/team/web",
    }
    return LockedImage.model_validate(told | settings)


def container(name: str = "web", **settings: Any) -> Manifest:
    return {"name": name, "image": IMAGE, "securityContext": dict(SECURE), **settings}


def deployment(name: str = "web", **pod: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container()], **pod},
            },
        },
    }


def files(*objects: Manifest, locked: LockedImage | None = None) -> dict[str, str]:
    return {
        "web.yaml": documents.render(*objects),
        lock.FILE: lock.render(Lock(images={IMAGE: locked or image()})),
    }


def workload(*objects: Manifest, grants: Grants | None = None, locked: LockedImage | None = None) -> Workload:
    return read("web", files(*objects, locked=locked), grants)


def problems(act: Callable[[], object]) -> list[str]:
    """What is reported, one sentence a problem; none where nothing is wrong."""
    try:
        act()
    except WorkloadError as error:
        return [str(problem) for problem in error.problems]
    return []


def refusals(manifest: Manifest, grants: Grants | None = None) -> list[str]:
    return problems(lambda: workload(manifest, grants=grants))


def other(kind: str, version: str = "v1", **more: Any) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "web"}, **more}
