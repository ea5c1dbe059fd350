"""What a guest is made of, as the host tells it to the process that becomes the guest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

from pydantic import TypeAdapter

SHARED = "/sandbox"
"""The folder of the guest that the host sees too, for sockets alone."""
POD_NETWORK = "/run/netns/podns"
"""Where kata and cloud-api-adaptor expect the network namespace of the pod's containers."""
NAMESPACES = ("-m", "-p", "-f", "-u", "-i", "-C", "-n")
"""Of a guest, as `unshare` wants them: mounts, processes, host name, IPC, cgroups and network."""
POD_SOCKET = "pod.sock"


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process of the guest. `awaits`: the socket that shows that it serves. `in_pod`: it runs in the network of the pod.

    `keeps_capabilities`: it and what it starts change theirs by execve alone (`system.ignore_capset`).
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    awaits: str = ""
    in_pod: bool = False
    keeps_capabilities: bool = False


@dataclass(frozen=True, kw_only=True)
class Way:
    """Connections to `address`:`port` inside go to the socket `socket` in the shared folder."""

    address: str
    port: int
    socket: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`folder` is the guest's on the host. `binaries`: by place in the guest, files of the host that it sees read-only. `files`: by
    place, text. `executables`: by place, programs in base64. `memory` is in bytes.
    """

    name: str
    hostname: str
    folder: str
    memory: int
    host_network: int
    binaries: Mapping[str, str]
    files: Mapping[str, str]
    executables: Mapping[str, str]
    ways: tuple[Way, ...]
    programs: tuple[Program, ...]

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        return TypeAdapter(cls).validate_json(text)
