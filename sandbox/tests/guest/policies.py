"""Small agent policies for tests: everything is allowed but what a test takes away."""

from __future__ import annotations

import json
from collections.abc import Sequence

from model.policy.agent_policy import REQUESTS
from sandbox.guest.requests import AgentRequest

HEAD = "package agent_policy\n\nimport future.keywords.if\nimport future.keywords.in\n\n"


def policy(*rules: str, **answers: bool | None) -> str:
    """`answers` by rule name, whose end `Request` may be left out: true or false, None leaves the rule out."""
    full = {name if name in REQUESTS else f"{name}Request": answer for name, answer in answers.items()}
    given = dict.fromkeys(REQUESTS, True) | full
    lines = [
        f"default {name} := {str(answer).lower()}" for name, answer in given.items() if answer is not None
    ]
    return HEAD + "\n".join([*lines, *rules]) + "\n"


OPEN = policy()
ONCE = policy(
    'CreateSandboxRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/sandbox", "value": 1}]} if {',
    "\tnot data.pstate.sandbox",
    "}",
    CreateSandbox=False,
)
"""Allows one sandbox."""

_EXACT = """
CreateSandboxRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/next", "value": 0}]} if {
	not started
	matches(data.agent_policy.sandbox)
}

CreateContainerRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/next", "value": number + 1}]} if {
	number := data.pstate.next
	matches(data.agent_policy.created[number])
}

CopyFileRequest if {
	some one in data.agent_policy.copies
	matches(one)
}

SignalProcessRequest if input.signal in {9, 15, 28}

started if data.pstate.next >= 0

matches(one) if {
	every key, value in one {
		input[key] == value
	}
}
"""


def exactly(honest: Sequence[AgentRequest]) -> str:
    """A policy that allows this one start of a pod, each request as it is and in its order, and nothing else."""
    harmless = ("GuestDetails", "GetOOMEvent", "StartContainer", "WaitProcess", "RemoveContainer")
    harmless += ("RemoveStaleVirtiofsShareMounts",)
    answers = dict.fromkeys(REQUESTS, False) | {f"{name}Request": True for name in harmless}

    def given(endpoint: str) -> list[object]:
        return [one.input for one in honest if one.endpoint == endpoint]

    created, copies = given("CreateContainerRequest"), given("CopyFileRequest")
    data = f"sandbox := {json.dumps(honest[0].input)}\n"
    data += f"created := {json.dumps(created, indent=0)}\ncopies := {json.dumps(copies, indent=0)}\n"
    return "import future.keywords.every\n".join((HEAD, policy(_EXACT, **answers).removeprefix(HEAD))) + data
