"""The policy engine that needs Python alone: regopy (rego-cpp). The agent itself uses regorus, from which it differs in details."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from model.policy.agent_policy import MAX_BYTES, REQUESTS
from sandbox.guest.agent import FAILS_OPEN, PolicyUnusable
from sandbox.guest.patch import PatchError, patched
from sandbox.shapes import is_map, list_in

if TYPE_CHECKING:
    from regopy import Bundle

# rego-cpp cannot change its data, and to load a policy anew takes ten times as long as to ask it. So the state is handed over
# with each request, in a field that no request of the agent's API has.
_STATE = "pstate"
_READS_STATE = re.compile(r'\bdata(?=\.pstate\b|\["pstate"\])')


# To compile a rule takes ten times as long as to ask it, and to compile all of them hardly longer than one. So one rule asks for
# the one that the request names, also in a field that no request of the API has.
_NAME = "asked"
_KNOWN = frozenset({*REQUESTS, FAILS_OPEN})
_ASKED = "package asked\n\nimport future.keywords.if\n\n" + "".join(
    f'answer := data.agent_policy.{name} if input.{_NAME} == "{name}"\n' for name in sorted(_KNOWN)
)


class Regopy:
    """The engine; one object serves any number of policies."""

    name = "regopy (rego-cpp)"

    def __call__(self, policy: str) -> _Session:
        return _Session(_loaded(policy))


class _Session:
    def __init__(self, policy: _LoadedPolicy) -> None:
        self._policy = policy
        self._state: dict[str, Any] = {_STATE: {}}

    def allows(self, endpoint: str, request: Mapping[str, Any]) -> bool:
        state = self._state if self._policy.reads_state else {}
        answer = self._policy.ask(endpoint, {**request, **state})
        if not is_map(answer):
            return answer is True
        if answer.get("allowed") is not True:
            return False
        try:
            changed = patched(self._state, list_in(answer, "ops"))
        except PatchError:
            return False  # the agent answers with an error
        self._state = {_STATE: changed.get(_STATE, {})}
        return True


class _LoadedPolicy:
    def __init__(self, rego: str) -> None:
        from regopy import Interpreter, LogLevel, RegoError  # loading it takes longer than all else here

        if len(rego.encode()) > MAX_BYTES:
            raise PolicyUnusable(f"the agent policy has more than {MAX_BYTES} bytes")
        self._interpreter = Interpreter()
        self._interpreter.log_level = LogLevel.NONE
        self._failures = (RegoError, ValueError, KeyError)
        self._compiled: dict[str, Bundle] = {}
        # Attacks differ in their last step, so that the same honest ones are asked again and again. A pod meets some hundred.
        self._answers = lru_cache(maxsize=1024)(self._answer)
        self.reads_state = _READS_STATE.search(rego) is not None
        try:
            self._interpreter.add_module("agent_policy", _READS_STATE.sub("input", rego))
            self._interpreter.add_module("asked", _ASKED)
            self._interpreter.set_input_term("{}")
            found = str(self._interpreter.query("found = data.agent_policy"))
        except (RegoError, json.JSONDecodeError) as error:
            raise PolicyUnusable("the agent policy is not valid Rego") from error
        if found == "undefined":
            raise PolicyUnusable("the agent policy has no rules in `package agent_policy`")

    def ask(self, endpoint: str, request: Mapping[str, Any]) -> Any:
        """The rule's value; None where it is undefined or contradicts itself, which the agent takes for an error."""
        try:
            asked = {**request, _NAME: endpoint} if endpoint in _KNOWN else request
            return self._answers(endpoint, json.dumps(asked, ensure_ascii=False))
        except self._failures:
            return None

    def _answer(self, endpoint: str, request: str) -> Any:
        rule = "data.asked.answer" if endpoint in _KNOWN else f"data.agent_policy.{endpoint}"
        if rule not in self._compiled:
            # Bound to a name, because a bare false is an unfulfilled expression and comes back as undefined.
            self._compiled[rule] = self._interpreter.build(f"found = {rule}")
        self._interpreter.set_input_term(request)
        output = self._interpreter.query_bundle(self._compiled[rule])
        if not output.ok() or str(output) == "undefined":
            return None
        return json.loads(str(output))["bindings"]["found"]


@lru_cache(maxsize=64)
def _loaded(policy: str) -> _LoadedPolicy:
    return _LoadedPolicy(policy)
