"""Policies evaluated with regopy (rego-cpp), with the state that the agent keeps. The guest uses another engine, regorus.

Known differences: regopy takes `not` inside `every` as true, keeps no state itself, cannot read `some key, value in` inside a
comprehension, and writes what a policy prints to the standard output. Loading it takes longer than all else in the program, so
it is imported on the first use.
"""

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from model.policy.compose import PolicyError
from model.policy.requests import FAILS_OPEN

if TYPE_CHECKING:
    from regopy import Interpreter, Output

_NOT_FOR_REGOPY: Final = "Unable to unify due to cycle"
_STATE: Final = "pstate"
_PRINT: Final = re.compile(r"^[ \t]*print\(.*\)[ \t]*$", re.MULTILINE)
_SOME_PAIR: Final = re.compile(r"^([ \t]*)some (\w+), (\w+) in (.+?)[ \t]*$", re.MULTILINE)


class Session:
    """One policy as the agent has it from its start: `ask` it in the order of the requests.

    Raises PolicyError where the policy is no Rego, or changes its state otherwise than ours do.
    """

    def __init__(self, rego: str) -> None:
        self._policy = _compiled(rego)
        self._state: dict[str, Any] = {}
        self._open = self._policy.answer(FAILS_OPEN, {}) is True

    def ask(self, name: str, request: Mapping[str, Any]) -> bool:
        """Whether the agent obeys the request; what the policy wants to remember is remembered."""
        answer = self._policy.answer(name, {**request, _STATE: self._state})
        if isinstance(answer, Mapping):
            verdict = cast(Mapping[str, Any], answer)
            answer = verdict.get("allowed")
            for operation in cast(list[dict[str, Any]], verdict.get("ops", [])) if answer is True else []:
                self._remember(operation)
        return answer is True or self._open

    def _remember(self, operation: Mapping[str, Any]) -> None:
        """The operation of RFC 6902 that our policies use: `add` right below `/pstate`."""
        root, _, key = operation["path"].removeprefix("/").partition("/")
        if operation["op"] != "add" or root != _STATE or not key or "/" in key:
            raise PolicyError(f"The agent policy changes its state by {operation['op']} {operation['path']}.")
        self._state = {**self._state, key: operation["value"]}


class _Policy:
    """Compiled once a rule, which takes a hundred times as long as an answer. The state travels in the input for that."""

    def __init__(self, rego: str) -> None:
        self._interpreter = _interpreter(rego.replace(f"data.{_STATE}", f"input.{_STATE}"))
        self._rules: dict[str, Any] = {}

    def answer(self, name: str, request: Mapping[str, Any]) -> Any:
        """The value of the rule, None where it is undefined, false, or two of its definitions contradict each other."""
        with _explained():
            if name not in self._rules:
                self._rules[name] = self._interpreter.build(f"data.agent_policy.{name}")
            # As a term: regopy's own conversion of Python values loses quotes and backslashes.
            self._interpreter.set_input_term(json.dumps(request, ensure_ascii=False))
            output = self._interpreter.query_bundle(self._rules[name])
        return _value(output) if output.ok() else None


@lru_cache(maxsize=32)
def _compiled(rego: str) -> _Policy:
    return _Policy(rego)


@lru_cache(maxsize=32)
def answers(rego: str) -> Mapping[str, Any] | None:
    """What each rule answers an empty request; None where regopy cannot evaluate one, which the guest's engine may.

    Empty where there is no `package agent_policy`. Raises PolicyError on what is no policy.
    """
    with _explained():
        interpreter = _interpreter(rego)
        interpreter.set_input_term("{}")
        output = interpreter.query("data.agent_policy")
    if output.ok():
        return cast(Mapping[str, Any], _value(output) or {})
    if _NOT_FOR_REGOPY in str(output.node().at(0)):
        return None
    raise PolicyError("The agent policy contradicts itself: two of its rules give one name different values.")


def _interpreter(rego: str) -> "Interpreter":
    from regopy import Interpreter, LogLevel

    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE
    with _explained():
        interpreter.add_module("agent_policy", _for_regopy(rego))
    return interpreter


def _for_regopy(rego: str) -> str:
    """The same policy without what it prints, which decides nothing, and with pairs as regopy reads them."""

    def pair(found: re.Match[str]) -> str:
        indent, key, value, collection = found.groups()
        return f"{indent}{'' if value == '_' else f'{value} = '}{collection}[{key}]"

    return _SOME_PAIR.sub(pair, _PRINT.sub("", rego))


def _value(output: "Output") -> Any:
    return output.results[0].expressions[0] if output.results and output.results[0].expressions else None


@contextmanager
def _explained() -> Generator[None]:
    from regopy import RegoError

    try:
        yield
    except RegoError as error:
        raise PolicyError(f"The agent policy is not valid Rego: {_reason(str(error))}.") from error
    except json.JSONDecodeError as error:  # regopy takes the engine's complaint for the answer
        raise PolicyError(f"The agent policy is not valid Rego: {_reason(error.doc)}.") from error


def _reason(complaint: str) -> str:
    found = re.search(r"errormsg \d+:([^)]*)\)", complaint)
    return found[1] if found else "it does not compile"
