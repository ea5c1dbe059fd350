"""Small agent policies for tests: everything is allowed but what a test takes away."""

from __future__ import annotations

from model.policy.agent_policy import REQUESTS

HEAD = "package agent_policy\n\nimport future.keywords.if\nimport future.keywords.in\n\n"


def policy(*rules: str, **answers: bool | None) -> str:
    """`answers` by request name without `Request`: true or false, None leaves the rule out."""
    given = {name.removesuffix("Request"): True for name in (*REQUESTS, "GetDiagnosticDataRequest")} | answers
    lines = [
        f"default {name}Request := {str(answer).lower()}"
        for name, answer in given.items()
        if answer is not None
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
