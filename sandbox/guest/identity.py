"""Names that are random on a real node. Here they follow from the pod, so that the same pod makes the same requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any


def hexadecimal(*parts: str, length: int = 64) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]


def uid(pod: Mapping[str, Any]) -> str:
    """The pod's own; one made of its name before the API server has given it one."""
    metadata = pod["metadata"]
    if given := metadata.get("uid"):
        return str(given)
    text = hexadecimal("uid", metadata.get("namespace", ""), metadata["name"])
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def container_id(pod: Mapping[str, Any], name: str) -> str:
    """64 hexadecimal digits; the sandbox's where `name` is POD."""
    return hexadecimal("container", uid(pod), name)
