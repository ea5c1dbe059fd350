"""What an attack is: the honest requests of a pod's start up to some point, and then one that no honest node sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.guest.patch import patched
from sandbox.guest.requests import AgentRequest

Sequences = Iterator[list[AgentRequest]]
Fields = dict[str, Any]

CREATE_SANDBOX, CREATE_CONTAINER, COPY_FILE = (
    "CreateSandboxRequest",
    "CreateContainerRequest",
    "CopyFileRequest",
)
_PAUSE = "sandbox"
TYPE = "io.kubernetes.cri-o.ContainerType"
SHARED = "/run/kata-containers/shared/containers"
OTHER_DIGEST = f"sha256:{'0' * 64}"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """``sentence``: what whoever runs the node does. ``gain``: what it would get. ``sequences``: from the honest requests of a pod's
    start to sequences whose last request is the attack; none where it does not apply to the pod.
    """

    name: str
    sentence: str
    gain: str
    sequences: Callable[[Sequence[AgentRequest]], Sequences]


def on_containers(
    change: Callable[[Fields], Iterator[Fields]],
) -> Callable[[Sequence[AgentRequest]], Sequences]:
    """`change` makes bad ones of a good CreateContainer; put in the place of each container's, the sandbox's own apart."""
    return _in_place(change, lambda given: given["OCI"]["Annotations"].get(TYPE) != _PAUSE, CREATE_CONTAINER)


def on_pause(change: Callable[[Fields], Iterator[Fields]]) -> Callable[[Sequence[AgentRequest]], Sequences]:
    return _in_place(change, lambda given: given["OCI"]["Annotations"].get(TYPE) == _PAUSE, CREATE_CONTAINER)


def on_sandbox(change: Callable[[Fields], Iterator[Fields]]) -> Callable[[Sequence[AgentRequest]], Sequences]:
    return _in_place(change, lambda _: True, CREATE_SANDBOX)


def afterwards(
    make: Callable[[Sequence[AgentRequest]], Iterator[AgentRequest]],
) -> Callable[[Sequence[AgentRequest]], Sequences]:
    """`make` gives requests that are sent when the whole pod runs."""

    def sequences(honest: Sequence[AgentRequest]) -> Sequences:
        for request in make(honest):
            yield [*honest, request]

    return sequences


def containers(honest: Sequence[AgentRequest]) -> list[int]:
    """Where the containers are created, the sandbox's own apart."""
    return [
        at
        for at, one in enumerate(honest)
        if one.endpoint == CREATE_CONTAINER and one.input["OCI"]["Annotations"].get(TYPE) != _PAUSE
    ]


def put(given: Fields, path: str, value: Any) -> Fields:
    """A copy with the value at an existing path replaced."""
    return patched(given, [{"op": "replace", "path": path, "value": value}])


def add(given: Fields, path: str, value: Any) -> Fields:
    """A copy with a value added: a key, or an element before the index (`-` is the end)."""
    return patched(given, [{"op": "add", "path": path, "value": value}])


def drop(given: Fields, path: str) -> Fields:
    return patched(given, [{"op": "remove", "path": path}])


def _in_place(
    change: Callable[[Fields], Iterator[Fields]], fits: Callable[[Fields], bool], endpoint: str
) -> Callable[[Sequence[AgentRequest]], Sequences]:
    def sequences(honest: Sequence[AgentRequest]) -> Sequences:
        for at, request in enumerate(honest):
            if request.endpoint == endpoint and fits(request.input):
                for bad in change(request.input):
                    yield [*honest[:at], AgentRequest(endpoint, bad)]

    return sequences
