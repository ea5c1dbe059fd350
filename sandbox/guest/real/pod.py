"""A deployed pod in a guest of the sandbox: what it needs is put up around it, and taken down with it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sandbox.guest.node import AgentLine, Node
from sandbox.guest.patch import patched
from sandbox.guest.real import image, machine, registry, software, system
from sandbox.guest.real.kubelet import Kubelet
from sandbox.guest.real.machine import Machine, Target
from sandbox.guest.real.registry import Registry
from sandbox.guest.real.stand_in import LocalPod
from sandbox.guest.real.ttrpc import Client
from sandbox.guest.requests import AgentRequest, again, start
from sandbox.shapes import map_in


@dataclass(frozen=True, kw_only=True)
class Guest:
    """`requests` are those of the pod's start, in the form of an agent of 3.25, as `wire.call` sends them."""

    machine: Machine
    kubelet: Kubelet
    requests: list[AgentRequest]
    registry: Registry
    node: Node
    local: LocalPod

    def again(self, container: str, restarts: int) -> list[AgentRequest]:
        """The requests with which a container that has ended is started for that many times more."""
        states = {"containerStatuses": [{"name": container, "restartCount": restarts}]}
        pod = {**self.local.pod, "status": states}
        return [_bearable(one) for one in again(pod, self.local.settings, self.node, container)]


def unavailable(line: AgentLine | None = None) -> str | None:
    """Why this machine cannot run a pod in the guest's own programs, with the agent of `line` (default: with one of any line); None
    when it can.
    """
    return (
        (software.missing(line) if line else software.missing_all())
        or software.missing_components()
        or image.unavailable()
        or machine.unavailable()
    )


@contextmanager
def booted(
    local: LocalPod, *, line: AgentLine, node: Node, kbs: tuple[str, int] | None
) -> Generator[Guest, None, None]:
    """The guest of a pod before the pod's first request. `kbs`: the name that the initdata gives the KBS, and its port of loopback.

    Raises machine.GuestFailed.
    """
    hosts = {name.split("/")[0]: name.partition("/")[2] for name in local.images}
    images = {name.partition("/")[2]: image for name, image in local.images.items()}
    with contextlib.ExitStack() as stack:
        served = stack.enter_context(registry.serving(list(hosts), images))
        targets = [Target(name=host, port=443, to=served.port) for host in hosts]
        if kbs:
            targets.append(Target(name=kbs[0], port=443, to=kbs[1]))
        guest = stack.enter_context(
            machine.running(
                hostname="podvm",
                programs=software.pod_programs(),
                binaries=software.binaries(line),
                files=software.pod_files(local.documents, local.initdata, served.ca),
                executables=software.executables(),
                targets=targets,
            )
        )
        client = stack.enter_context(Client(guest.shared / software.AGENT_SOCKET))
        asked = replace(node, agent="3.25")
        yield Guest(
            machine=guest,
            kubelet=Kubelet(client),
            requests=[_bearable(one) for one in start(local.pod, local.settings, asked)],
            registry=served,
            node=asked,
            local=local,
        )


def _bearable(request: AgentRequest) -> AgentRequest:
    """Some machines do not let root lower a process's score for the day when memory runs out. No policy asks for it."""
    process = map_in(map_in(request.input, "OCI"), "Process")
    if not process or system.may_lower_scores():
        return request
    score = {
        "op": "replace",
        "path": "/OCI/Process/OOMScoreAdj",
        "value": max(int(process.get("OOMScoreAdj", 0)), 0),
    }
    return AgentRequest(request.endpoint, patched(request.input, [score]))
