"""Plays kubelet, CRI-O and shim to a real agent: sends the requests of the pod's start in their order, and waits where they wait."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass

from sandbox.guest.real import wire
from sandbox.guest.real.ttrpc import PERMISSION_DENIED, Client, Gone, Status
from sandbox.guest.requests import AgentRequest

PATIENCE = 120.0
"""Seconds that one request may take; pulling an image is one."""
_LASTING = {"WaitProcessRequest", "GetOOMEventRequest"}


class Failed(Exception):
    """The pod does not run; the text is the agent's. `refused`: by its policy. `request`: the one that it did not obey. `exited`: it
    is about an init container that ended with that code.
    """

    def __init__(
        self, text: str, *, request: AgentRequest, refused: bool = False, exited: int | None = None
    ) -> None:
        super().__init__(text)
        self.request = request
        self.refused = refused
        self.exited = exited


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

    def exit_code(self, container: str) -> int | None:
        """That of a container, by id; None while it runs, or where it never did."""
        waits = self._containers[container].waits if container in self._containers else None
        if waits is None or not waits.done():
            return None
        return 128 if waits.exception() else _code(waits.result())

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
            raise Failed(f"an init container exited with {code}", request=request, exited=code)


def _code(status: Status) -> int:
    if status.code:
        return 128
    return int(wire.answer("WaitProcess", status.payload).status)
