"""The agent as its policy makes it: each request is put to the policy before it is obeyed (kata src/agent/src/policy.rs)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from sandbox.guest.requests import AgentRequest

FAILS_OPEN = "AllowRequestsFailingPolicy"
TOLERATED = frozenset({"ReadStreamRequest", "GetDiagnosticDataRequest"})
"""What a pod lives without: the agent answers a refused read with nothing (rpc.rs), and the shim only warns that it has no
termination message (container.go)."""


class PolicyUnusable(ValueError):
    """The engine does not take the policy; the message says why, for a person."""


class AgentChanged(Exception):
    """A real agent refused a request and the guest was not as before, or it did not live on; the text says what."""


class PolicySession(Protocol):
    """One loaded policy and the state that it keeps in `data.pstate`."""

    def allows(self, endpoint: str, request: Mapping[str, Any]) -> bool:
        """Whether the rule says yes; its operations on the state are carried out then. A missing rule is a no."""
        ...


class PolicyEngine(Protocol):
    """`name` says who judged, for a person."""

    name: str

    def __call__(self, policy: str) -> PolicySession:
        """The policy loaded, with an empty state. Raises PolicyUnusable."""
        ...


class Refusal(NamedTuple):
    """The request that was refused first, and where in the sequence it stands."""

    request: AgentRequest
    at: int

    def __str__(self) -> str:
        """As the kubelet reports what the agent answered."""
        code = "rpc error: code = PermissionDenied desc = "
        return f'{code}"{self.request.endpoint} is blocked by policy: "'


class Agent:
    """One guest. A policy that fails open (`AllowRequestsFailingPolicy`) refuses nothing."""

    def __init__(self, policy: str, engine: PolicyEngine) -> None:
        self._session = engine(policy)
        self._open = self._session.allows(FAILS_OPEN, {})

    def allows(self, request: AgentRequest) -> bool:
        # Asked even where the answer does not count, because it may change the state.
        allowed = self._session.allows(request.endpoint, request.input)
        return allowed or self._open

    def play(self, requests: Iterable[AgentRequest]) -> Refusal | None:
        """The first refusal that ends the pod; what is `TOLERATED` does not."""
        for index, request in enumerate(requests):
            if not self.allows(request) and request.endpoint not in TOLERATED:
                return Refusal(request, index)
        return None
