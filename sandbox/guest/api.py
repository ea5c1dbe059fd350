"""The front door of the guest: all that tools, and tests outside of the sandbox, use of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from sandbox.guest.agent import Agent, AgentChanged, PolicyEngine, PolicyUnusable
from sandbox.guest.attacks import CATALOGUE, Attack, Outcome, put_to, worst
from sandbox.guest.images import find as find_image
from sandbox.guest.node import LINES, AgentLine, Node, Service, agent_line
from sandbox.guest.regopy_engine import Regopy
from sandbox.guest.regorus_engine import EngineError, regorus, regorus_unavailable
from sandbox.guest.requests import AgentRequest, start

__all__ = [
    "CATALOGUE",
    "LINES",
    "Agent",
    "AgentChanged",
    "AgentLine",
    "AgentRequest",
    "Attack",
    "EngineError",
    "Node",
    "Outcome",
    "PolicyEngine",
    "PolicyUnusable",
    "Regopy",
    "Service",
    "agent_line",
    "agent_unavailable",
    "agents",
    "find_image",
    "put_to",
    "regorus",
    "regorus_unavailable",
    "start",
    "worst",
]


def agent_unavailable(line: AgentLine) -> str | None:
    """Why no real kata agent of that line can judge on this machine; None where it can."""
    from sandbox.guest.real import judge

    return judge.unavailable(line)


def agents(lines: Sequence[AgentLine]) -> AbstractContextManager[Sequence[PolicyEngine]]:
    """An engine for each line: real agents, each in a bound guest; all are gone when the context ends."""
    from sandbox.guest.real import judge

    return judge.agents(lines)
