"""The front door of the guest: all that tools, and tests outside of the sandbox, use of it."""

from __future__ import annotations

from sandbox.guest.agent import Agent, PolicyEngine, PolicyUnusable
from sandbox.guest.attacks import CATALOGUE, Attack, Outcome, put_to
from sandbox.guest.images import find as find_image
from sandbox.guest.node import AgentLine, Node, Service
from sandbox.guest.regopy_engine import Regopy
from sandbox.guest.requests import AgentRequest, start

__all__ = [
    "CATALOGUE",
    "Agent",
    "AgentLine",
    "AgentRequest",
    "Attack",
    "Node",
    "Outcome",
    "PolicyEngine",
    "PolicyUnusable",
    "Regopy",
    "Service",
    "find_image",
    "put_to",
    "start",
]
