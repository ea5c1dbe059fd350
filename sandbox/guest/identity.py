"""Names that are random on a real node. Here they follow from the pod, so that the same pod makes the same requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sandbox.shapes import list_in, map_in


def hexadecimal(*parts: str, length: int = 64) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]


def uid(pod: Mapping[str, Any]) -> str:
    """The pod's own; one made of its name before the API server has given it one."""
    metadata = pod["metadata"]
    if given := metadata.get("uid"):
        return str(given)
    text = hexadecimal("uid", metadata.get("namespace", ""), metadata["name"])
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def restarts(pod: Mapping[str, Any], name: str) -> int:
    """How often the kubelet has started the container again, as the pod's status says."""
    states = list_in(map_in(pod, "status"), "containerStatuses")
    return next((int(one["restartCount"]) for one in states if one["name"] == name), 0)


def container_id(pod: Mapping[str, Any], name: str) -> str:
    """64 hexadecimal digits, others for each start; the sandbox's where `name` is POD."""
    again = restarts(pod, name)
    return hexadecimal("container", uid(pod), name, *([str(again)] if again else []))
