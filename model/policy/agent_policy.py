"""The agent policy: what the owner of the untrusted cluster may make the agent inside a pod VM do.

The kata agent asks `data.agent_policy.<Name>Request` before it obeys a request from outside; a rule that is missing or
false refuses it. Request names: kata-containers' agent API (src/libs/protocols/protos/agent.proto).
"""

import json
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

MAX_BYTES: Final = 256 * 1024
# What running a pod takes. CreateContainer is among them for any image and command: which images may run is the image
# policy's part, and a policy per workload (`custom`) can pin the command.
_LIFECYCLE: Final = (
    "AddARPNeighbors",
    "AddSwap",
    "CloseStdin",
    "CopyFile",
    "CreateContainer",
    "CreateSandbox",
    "DestroySandbox",
    "GetMetrics",
    "GetOOMEvent",
    "GuestDetails",
    "ListInterfaces",
    "ListRoutes",
    "MemHotplugByProbe",
    "OnlineCPUMem",
    "PauseContainer",
    "PullImage",
    "RemoveContainer",
    "RemoveStaleVirtiofsShareMounts",
    "ReseedRandomDev",
    "ResumeContainer",
    "SetGuestDateTime",
    "SignalProcess",
    "StartContainer",
    "StartTracing",
    "StatsContainer",
    "StopTracing",
    "TtyWinResize",
    "UpdateContainer",
    "UpdateEphemeralMounts",
    "UpdateInterface",
    "UpdateRoutes",
    "WaitProcess",
)
_POWERS: Final = ("ExecProcess", "ReadStream", "SetPolicy", "WriteStream")
REQUESTS: Final = tuple(sorted(f"{name}Request" for name in (*_LIFECYCLE, *_POWERS)))
"""Every rule the agent asks for."""

_EXEC_RULE: Final = """\
ExecProcessRequest if {
	input.process.Args in policy_data.allowed_commands
}
"""
_EXEC_COMMANDS: Final = """
# The whole command, argument by argument: joined into one line, other splits of the same words would pass.
policy_data := {{"allowed_commands": [
{commands}
]}}

{rule}"""


class PolicyError(ValueError):
    """The agent policy cannot be rendered or used; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """What is allowed besides running the pod. `exec_commands` are exact command lines in shell quoting."""

    exec_commands: tuple[str, ...] = ()
    exec: bool = False
    read_logs: bool = False
    write_stdin: bool = False
    set_policy: bool = False


@dataclass(frozen=True, kw_only=True)
class Powers:
    """What the owner of the untrusted cluster can do to the pod. `exec`: `none`, `any` or `only: <commands>`.

    A power that a policy grants under some condition counts as granted.
    """

    exec: str
    read_logs: bool
    write_stdin: bool
    set_policy: bool


def render(settings: AgentSettings) -> str:
    """The policy as Rego, the same bytes for the same settings. Raises PolicyError on commands that cannot be exact."""
    if settings.exec and settings.exec_commands:
        raise PolicyError("The policy allows any command and lists some: drop either exec or execCommands.")
    allowed = {
        **dict.fromkeys(_LIFECYCLE, True),
        "ExecProcess": settings.exec,
        "ReadStream": settings.read_logs,
        "SetPolicy": settings.set_policy,
        "WriteStream": settings.write_stdin,
    }
    rules = "\n".join(f"default {name}Request := {json.dumps(allowed[name])}" for name in sorted(allowed))
    rego = f"package agent_policy\n\nimport future.keywords.if\nimport future.keywords.in\n\n{rules}\n"
    if not settings.exec_commands:
        return rego
    commands = ",\n".join(
        f"\t{json.dumps(_arguments(line), ensure_ascii=False)}" for line in settings.exec_commands
    )
    return rego + _EXEC_COMMANDS.format(commands=commands, rule=_EXEC_RULE)


def custom(rego: str) -> str:
    """A policy that somebody else wrote, unchanged, once it is known to answer everything the agent asks.

    Raises PolicyError where it is no Rego, of another package, too large, or leaves a request without an answer.
    """
    if (size := len(rego.encode("utf-8"))) > MAX_BYTES:
        raise PolicyError(
            f"The agent policy has {size} bytes, and no initdata takes more than {MAX_BYTES} of them."
        )
    answers = _evaluate(rego, "data.agent_policy", {})
    if not isinstance(answers, Mapping):
        raise PolicyError("The agent policy has no rules in `package agent_policy`, the one the agent asks.")
    given = cast(Mapping[str, object], answers)
    if missing := [name for name in REQUESTS if not isinstance(given.get(name), bool)]:
        raise PolicyError(
            f"The agent policy gives no true or false for {', '.join(missing)}: add `default <name> := false` for each."
        )
    return rego


def powers(rego: str) -> Powers:
    """What `rego` lets the owner of the untrusted cluster do, found by asking it as the agent does. Raises PolicyError."""
    return Powers(
        exec=_exec_power(rego),
        read_logs=_granted(rego, "ReadStreamRequest"),
        write_stdin=_granted(rego, "WriteStreamRequest"),
        set_policy=_granted(rego, "SetPolicyRequest"),
    )


def _exec_power(rego: str) -> str:
    # Nobody can have listed this one, so a policy that allows it allows all.
    if _exec_allowed(rego, [secrets.token_hex(16)]):
        return "any"
    listed = _evaluate(rego, "data.agent_policy.policy_data.allowed_commands", {})
    commands = (
        [_listed(entry) for entry in cast(Sequence[object], listed)] if isinstance(listed, list) else []
    )
    only = [shlex.join(command) for command in commands if _exec_allowed(rego, command)]
    # A rule of another shape than ours may allow more than what it lists.
    if _conditional(rego.replace(_EXEC_RULE, "", 1), "ExecProcessRequest"):
        only.append("what its own conditions allow")
    return f"only: {'; '.join(only)}" if only else "none"


def _arguments(line: str) -> list[str]:
    try:
        arguments = shlex.split(line)
    except ValueError as error:
        raise PolicyError(f"The command {line!r} is not in shell quoting ({error}).") from error
    if not arguments:
        raise PolicyError("An allowed command is empty: write the exact command line.")
    return arguments


def _listed(entry: object) -> list[str]:
    """An entry of `allowed_commands`: a list of arguments, or in the pattern's policies one line joined by blanks."""
    return (
        [str(part) for part in cast(list[object], entry)]
        if isinstance(entry, list)
        else str(entry).split(" ")
    )


def _exec_allowed(rego: str, command: Sequence[str]) -> bool:
    return (
        _evaluate(rego, "data.agent_policy.ExecProcessRequest", {"process": {"Args": list(command)}}) is True
    )


def _granted(rego: str, rule: str) -> bool:
    return _evaluate(rego, f"data.agent_policy.{rule}", {}) is True or _conditional(rego, rule)


def _conditional(rego: str, rule: str) -> bool:
    """Whether `rule` says more than a constant default, so that some request could be answered otherwise.

    The one thing that asking cannot show. Any mention outside comments and strings counts: too often rather than too rarely.
    """
    code = re.sub(r'`[^`]*`|"(?:\\.|[^"\\])*"|#[^\n]*', "", rego)
    defaults = rf"\bdefault\s+{rule}\s*:?=\s*(?:true|false)\b"
    return re.search(rf"\b{rule}\b", re.sub(defaults, "", code)) is not None


def _evaluate(rego: str, query: str, request: Mapping[str, object]) -> Any:
    """The value of `query`, None where it is undefined. Raises PolicyError where the policy does not compile."""
    from regopy import Interpreter, LogLevel, RegoError  # loading the engine takes longer than all else here

    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE
    try:
        interpreter.add_module("agent_policy", rego)
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
