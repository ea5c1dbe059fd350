"""The status that a kubelet gives to a pod."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.openshift.objects import Manifest, conditions, now, short_hash, with_status
from sandbox.shapes import list_in


def of(
    pod: Manifest, phase: str, reason: str, message: str, restarts: Mapping[str, int] | None = None
) -> Manifest:
    """The pod with its status. `restarts`: by container, how often it was started again (default: as before)."""
    metadata, before = pod["metadata"], pod.get("status", {})
    known = {one["name"]: one for one in list_in(before, "containerStatuses")}
    counted = {name: int(one["restartCount"]) for name, one in known.items()} | dict(restarts or {})
    ready = phase == "Running"
    address = before.get("podIP") or _address(metadata["namespace"], metadata["name"])
    containers = [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": "",
            "ready": ready,
            "restartCount": counted.get(container["name"], 0),
            "state": _state(phase, reason, message, known.get(container["name"], {})),
        }
        for container in pod["spec"]["containers"]
    ]
    return with_status(
        pod,
        phase=phase,
        message=message,
        podIP=address,
        podIPs=[{"ip": address}],
        startTime=before.get("startTime") or now(),
        containerStatuses=containers,
        conditions=conditions(
            pod,
            *((type_, True, "", "") for type_ in ("PodScheduled", "Initialized")),
            *((type_, ready, reason, "") for type_ in ("Ready", "ContainersReady")),
        ),
    )


def _state(phase: str, reason: str, message: str, before: Manifest) -> Manifest:
    match phase:
        case "Running":
            running = before.get("state", {}).get("running")
            return {"running": running or {"startedAt": now()}}
        case "Pending":
            return {"waiting": {"reason": reason, "message": message}}
        case _:
            return {"terminated": {"exitCode": int(phase == "Failed"), "reason": reason, "message": message}}


def _address(*parts: str) -> str:
    digest = int(short_hash(*parts, length=4), 16)
    return f"10.128.{digest >> 8}.{digest & 0xFF or 1}"
