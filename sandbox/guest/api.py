"""The front door of the guest: all that tools, and tests outside of the sandbox, use of it."""

from __future__ import annotations

from sandbox.guest.agent import Agent, PolicyEngine, PolicyUnusable
from sandbox.guest.attacks import CATALOGUE, Attack, Outcome, put_to, worst
from sandbox.guest.images import find as find_image
from sandbox.guest.node import AgentLine, Node, Service, agent_line
from sandbox.guest.regopy_engine import Regopy
from sandbox.guest.regorus_engine import EngineError, regorus, regorus_unavailable
from sandbox.guest.requests import AgentRequest, start

__all__ = [
    "CATALOGUE",
    "Agent",
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
    "find_image",
    "put_to",
    "regorus",
    "regorus_unavailable",
    "start",
    "worst",
]
