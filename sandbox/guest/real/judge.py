"""The kata agent itself as a judge: each request is sent to it, in a bound guest of its own, and it says whether its policy refuses.

Images cannot be pulled there and nothing attests: an honest container's creation is allowed by the policy, and then fails. To judge that
is enough, since the agent asks its policy before anything else and keeps the policy's state whatever comes of the request.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import TimeoutError as Late
from contextlib import ExitStack, contextmanager
from typing import Any

from sandbox.guest.agent import FAILS_OPEN, AgentChanged, PolicyEngine, PolicySession, PolicyUnusable
from sandbox.guest.node import AgentLine
from sandbox.guest.real import machine, software, wire
from sandbox.guest.real.machine import GuestFailed, Machine
from sandbox.guest.real.ttrpc import PERMISSION_DENIED, UNIMPLEMENTED, Client, Gone
from sandbox.guest.regopy_engine import Regopy
from sandbox.guest.requests import AgentRequest
from sandbox.shapes import map_in

_WITHOUT_POLICY = frozenset({"MemAgentMemcgSet", "MemAgentCompactSet"})
"""Calls that an agent whose memory agent is off answers with an error, before it would ask its policy."""
_ANSWERS_SOON = 1.0
"""Seconds after which the agent has asked its policy, and obeys a request that lasts."""
_OF_THE_KERNEL = frozenset(
    {
        "AddSwapRequest",
        "AddSwapPathRequest",
        "SetGuestDateTimeRequest",
        "ReseedRandomDevRequest",
        "OnlineCPUMemRequest",
        "MemHotplugByProbeRequest",
        "MemAgentMemcgConfig",
        "MemAgentCompactConfig",
    }
)
"""What an agent would change in its kernel, which is this machine's."""


def unavailable(line: AgentLine) -> str | None:
    """Why no real agent of that line can judge on this machine; None where it can."""
    return software.missing(line) or machine.unavailable()


@contextmanager
def agents(lines: Sequence[AgentLine]) -> Generator[Sequence[PolicyEngine]]:
    """An engine for each line of agents; all their guests are gone when the context ends."""
    with ExitStack() as stack:
        yield [stack.enter_context(_judging(line)) for line in lines]


@contextmanager
def _judging(line: AgentLine) -> Generator[RealAgents]:
    made = RealAgents(line)
    try:
        yield made
    finally:
        made.close()


class RealAgents:
    """The agent of one line; each policy that is loaded gets a guest, which ends with its session."""

    def __init__(self, line: AgentLine) -> None:
        self.name = f"kata-agent {line}"
        self._line: AgentLine = line
        self._stack = ExitStack()
        self._model = Regopy()

    def __call__(self, policy: str) -> _Session:
        try:
            guest = _Guest(policy, self._line)
        except GuestFailed as error:
            raise PolicyUnusable(f"the agent does not start with it: {error}") from error
        self._stack.callback(guest.close)
        session = _Session(guest, self._model(policy), self._line)
        weakref.finalize(session, guest.close)
        return session

    def close(self) -> None:
        self._stack.close()


@contextmanager
def alone(policy: str, line: AgentLine) -> Generator[tuple[Machine, Client]]:
    """A fresh agent in a guest with no other program, and a connection to it. Raises GuestFailed."""
    with (
        machine.running(
            hostname="podvm",
            programs=software.programs(),
            binaries=software.binaries(line),
            files=software.files(policy),
            executables=software.executables(),
        ) as guest,
        Client(guest.shared / software.AGENT_SOCKET) as client,
    ):
        yield guest, client


class _Guest:
    def __init__(self, policy: str, line: AgentLine) -> None:
        self._stack = ExitStack()
        try:
            self.machine, self.client = self._stack.enter_context(alone(policy, line))
        except BaseException:
            self._stack.close()
            raise

    def close(self) -> None:
        """A second time does nothing."""
        self._stack.close()


class _Session:
    """`model` answers along. What it would allow and would change the kernel is not sent, as nobody tries here what works."""

    def __init__(self, guest: _Guest, model: PolicySession, line: AgentLine) -> None:
        self._guest, self._model = guest, model
        self._line: AgentLine = line

    def allows(self, endpoint: str, request: Mapping[str, Any]) -> bool:
        """Raises AgentChanged."""
        if endpoint == FAILS_OPEN:
            return False  # the agent knows it itself, and answers accordingly
        try:
            sent = wire.call(AgentRequest(endpoint, dict(request)), self._line)
        except wire.NotSendable:
            return False
        if self._model.allows(endpoint, request) and _changes_the_kernel(endpoint, request):
            return True
        before = self._guest.machine.seen()
        allowed = self._asked(sent)
        if not allowed and (changed := before ^ self._guest.machine.seen()):
            raise AgentChanged(f"{endpoint} was refused and changed the guest: {', '.join(sorted(changed))}")
        return allowed

    def _asked(self, sent: wire.Call) -> bool:
        try:
            answer = self._guest.client.begin(wire.SERVICE, *sent).result(_ANSWERS_SOON)
        except Late:
            return True
        except Gone as error:
            raise AgentChanged(
                f"{sent.method}: {error}:\n{self._guest.machine.log('kata-agent')[-1500:]}"
            ) from error
        if answer.code == UNIMPLEMENTED or (answer.code and answer.message.endswith(" is not supported")):
            return False  # this agent has no such call
        return answer.code == 0 if sent.method in _WITHOUT_POLICY else answer.code != PERMISSION_DENIED


def _changes_the_kernel(endpoint: str, request: Mapping[str, Any]) -> bool:
    if endpoint in _OF_THE_KERNEL:
        return True
    settings = map_in(map_in(map_in(request, "OCI"), "Linux"), "Sysctl")
    return any(not name.startswith("net.") for name in settings)
