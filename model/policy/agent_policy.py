"""The agent policy of a profile: what whoever runs the untrusted cluster may make the agent inside a pod VM do.

The kata agent asks it before it obeys a request from outside (`requests.TABLE`). A profile does not know its pods, so it
lets any image and command run, and confines all else. `workload_policy` pins the pod as well.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from model.policy import engine
from model.policy.compose import PolicyError, module
from model.policy.requests import REQUESTS

__all__ = ["MAX_BYTES", "REQUESTS", "AgentSettings", "PolicyError", "custom", "render"]

MAX_BYTES: Final = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """What is allowed besides running the pod. `exec_commands` are exact command lines in shell quoting."""

    exec_commands: tuple[str, ...] = ()
    exec: bool = False
    read_logs: bool = False
    write_stdin: bool = False
    set_policy: bool = False


def render(settings: AgentSettings) -> str:
    """The policy as Rego, the same bytes for the same settings. Raises PolicyError on commands that cannot be exact."""
    if settings.exec and settings.exec_commands:
        raise PolicyError("The policy allows any command and lists some: drop either exec or execCommands.")
    granted = [
        *(["ReadStreamRequest"] if settings.read_logs else []),
        *(["WriteStreamRequest", "CloseStdinRequest", "TtyWinResizeRequest"] if settings.write_stdin else []),
        *(["SetPolicyRequest"] if settings.set_policy else []),
    ]
    if settings.exec:
        return module(("profile", "exec", "exec_any"), granted)
    if settings.exec_commands:
        commands = [arguments(line) for line in settings.exec_commands]
        return module(("profile", "exec", "exec_listed"), granted, {"allowed_commands": commands})
    return module(("profile",), granted)


def custom(rego: str) -> str:
    """A policy that somebody else wrote, unchanged, once it is known to answer everything the agent asks.

    Raises PolicyError where it is no Rego, of another package, too large, or leaves a request without an answer.
    """
    if (size := len(rego.encode("utf-8"))) > MAX_BYTES:
        raise PolicyError(
            f"The agent policy has {size} bytes, and no initdata takes more than {MAX_BYTES} of them."
        )
    answers = engine.evaluate(rego, "data.agent_policy")
    if not isinstance(answers, Mapping):
        raise PolicyError("The agent policy has no rules in `package agent_policy`, the one the agent asks.")
    given = cast(Mapping[str, object], answers)
    if missing := [name for name in REQUESTS if not isinstance(given.get(name), bool)]:
        raise PolicyError(
            f"The agent policy gives no true or false for {', '.join(missing)}: add `default <name> := false` for each."
        )
    return rego


def arguments(line: str) -> list[str]:
    try:
        arguments = shlex.split(line)
    except ValueError as error:
        raise PolicyError(f"The command {line!r} is not in shell quoting ({error}).") from error
    if not arguments:
        raise PolicyError("An allowed command is empty: write the exact command line.")
    return arguments
