"""Policies evaluated with regopy (rego-cpp), with the state that the agent keeps. The guest uses another engine, regorus.

Known differences: regopy takes `not` inside `every` as true, and keeps no state itself. Loading it takes longer than all else in
the program, so it is imported on the first use.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from model.policy.compose import PolicyError


class Session:
    """One policy as the agent has it from its start: `ask` it in the order of the requests. Raises PolicyError."""

    def __init__(self, rego: str) -> None:
        self._rego = rego
        self._state: dict[str, Any] = {}
        self._open = bool(evaluate(rego, "data.agent_policy.AllowRequestsFailingPolicy", {}))

    def ask(self, name: str, request: Mapping[str, Any]) -> bool:
        """Whether the agent obeys the request; what the policy wants to remember is remembered."""
        try:
            answer = evaluate(self._rego, f"data.agent_policy.{name}", request, {"pstate": self._state})
        except PolicyError:
            answer = None  # two rules that contradict each other refuse
        if isinstance(answer, Mapping):
            verdict = cast(Mapping[str, Any], answer)
            if verdict.get("allowed") is True:
                for operation in verdict.get("ops", []):
                    self._remember(operation)
                return True
            return self._open
        return answer is True or self._open

    def _remember(self, operation: Mapping[str, Any]) -> None:
        """The operation of RFC 6902 that our policies use: `add` right below `/pstate`."""
        root, key = operation["path"].removeprefix("/").split("/")
        if operation["op"] != "add" or root != "pstate":
            raise PolicyError(f"The agent policy changes its state by {operation['op']} {operation['path']}.")
        self._state[key] = operation["value"]


def evaluate(
    rego: str, query: str, request: Mapping[str, Any], data: Mapping[str, Any] | None = None
) -> Any:
    """The value of `query`, None where it is undefined. Raises PolicyError where the policy does not compile."""
    from regopy import Interpreter, LogLevel, RegoError

    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE
    try:
        interpreter.add_module("agent_policy", rego)
        if data:
            interpreter.add_data(data)
        # As a term: regopy's own conversion of Python values loses quotes and backslashes.
        interpreter.set_input_term(json.dumps(request, ensure_ascii=False))
        output = interpreter.query(query)
    except RegoError as error:
        raise PolicyError(f"The agent policy is not valid Rego: {_reason(str(error))}.") from error
    except json.JSONDecodeError as error:  # regopy takes the engine's complaint for the answer
        raise PolicyError(f"The agent policy is not valid Rego: {_reason(error.doc)}.") from error
    if not output.ok():
        raise PolicyError(
            "The agent policy contradicts itself: two of its rules give one name different values."
        )
    return output.results[0].expressions[0] if output.results and output.results[0].expressions else None


def _reason(complaint: str) -> str:
    found = re.search(r"errormsg \d+:([^)]*)\)", complaint)
    return found[1] if found else "it does not compile"
