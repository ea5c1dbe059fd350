"""Plays kubelet, CRI-O and shim to a real agent: sends the requests of the pod's start in their order, and waits where they wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.guest.real import wire
from sandbox.guest.real.ttrpc import PERMISSION_DENIED, Client, Gone, Status
from sandbox.guest.requests import AgentRequest

PATIENCE = 120.0
"""Seconds that one request may take; pulling an image is one."""
_LASTING = {"WaitProcessRequest", "GetOOMEventRequest"}


class Failed(Exception):
    """The pod does not run; the text is the agent's. `refused`: by its policy. `request`: the one that it did not obey."""

    def __init__(self, text: str, *, request: AgentRequest, refused: bool = False) -> None:
        super().__init__(text)
        self.request = request
        self.refused = refused


class Answer(NamedTuple):
    """`obeyed` and `denied` are both false where the agent would have obeyed and could not."""

    obeyed: bool
    denied: bool
    text: str


@dataclass
class _Container:
    waits: Future[Status] | None = None


class Kubelet:
    """One pod's. `client` is the connection that the shim keeps as long as the pod lives."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._containers: dict[str, _Container] = {}

    def start(self, requests: Sequence[AgentRequest]) -> None:
        """Raises Failed at the first request that the agent does not obey, or when an init container fails."""
        for request in requests:
            self._step(request)

    def ask(self, request: AgentRequest, *, seconds: float = 20.0) -> Answer:
        """One request more, such as an attack. Raises Gone when the agent does not live any more."""
        try:
            sent = wire.call(request)
        except wire.NotSendable as error:
            return Answer(obeyed=False, denied=False, text=str(error))
        try:
            status = self._client.begin(wire.SERVICE, *sent, seconds=seconds).result(seconds + 1)
        except Late:
            return Answer(obeyed=True, denied=False, text="it is being obeyed")
        return Answer(
            obeyed=status.code == 0, denied=status.code == PERMISSION_DENIED, text=status.message.strip()
        )

    def exited(self, container: str) -> int | None:
        """With which code a container has ended; None while it runs."""
        waits = self._containers[container].waits
        return _code(waits.result()) if waits and waits.done() else None

    def _step(self, request: AgentRequest) -> None:
        if request.endpoint == "ReadStreamRequest":
            return  # a policy that lets nobody read refuses it, and the shim goes on without
        if request.endpoint == "GetDiagnosticDataRequest":
            return  # the shim only warns
        identifier = str(request.input.get("container_id", ""))
        container = self._containers.setdefault(identifier, _Container())
        if request.endpoint == "SignalProcessRequest":
            self._await_end(container, request)
            return
        sent = wire.call(request)
        future = self._client.begin(
            wire.SERVICE, *sent, seconds=0 if request.endpoint in _LASTING else PATIENCE
        )
        if request.endpoint in _LASTING:
            if request.endpoint == "WaitProcessRequest" and container.waits is None:
                container.waits = future
            return
        try:
            status = future.result(PATIENCE + 5)
        except Late:
            raise Failed(f"{request.endpoint}: no answer in {PATIENCE:.0f} s", request=request) from None
        except Gone as error:
            raise Failed(f"{request.endpoint}: {error}", request=request) from error
        if status.code:
            text = f"{request.endpoint}: {status.message.strip()}"
            raise Failed(text, request=request, refused=status.code == PERMISSION_DENIED)

    def _await_end(self, container: _Container, request: AgentRequest) -> None:
        """An init container ends by itself, and with 0; what the kubelet sends afterwards only clears away."""
        if container.waits is None:
            raise Failed("the container was never waited for", request=request)
        try:
            code = _code(container.waits.result(PATIENCE))
        except Late:
            raise Failed(f"an init container has not ended in {PATIENCE:.0f} s", request=request) from None
        except Gone as error:
            raise Failed(str(error), request=request) from error
        if code:
            raise Failed(f"an init container exited with {code}", request=request)


def settled(answers: Iterator[bool], seconds: float = 20.0) -> bool:
    """Whether one of `answers` is yes before the time is over; each is asked for after a short pause."""
    deadline = time.monotonic() + seconds
    for answer in answers:
        if answer:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return False


def _code(status: Status) -> int:
    if status.code:
        return 128
    return int(wire.answer("WaitProcess", status.payload).status)
