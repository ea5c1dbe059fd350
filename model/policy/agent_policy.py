"""The agent policy of a profile: what whoever runs the untrusted cluster may make the agent inside a pod VM do.

The kata agent asks it before it obeys a request from outside (`requests.TABLE`). A profile does not know its pods, so it
lets any image and command run, and confines all else. `workload_policy` pins the pod as well.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from model.policy import engine
from model.policy.compose import PolicyError, module
from model.policy.requests import REQUESTS

__all__ = [
    "MAX_BYTES",
    "REQUESTS",
    "AgentSettings",
    "PolicyError",
    "custom",
    "readable",
    "render",
    "unanswered",
]

MAX_BYTES: Final = 256 * 1024
_PACKAGE: Final = re.compile(r"^package agent_policy[ \t]*$", re.MULTILINE)


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
    """A policy that somebody else wrote, unchanged, once it is known to be one.

    Raises PolicyError where it is no Rego, of another package, too large, or answers no request at all. See `unanswered`.
    One that only the guest's engine can evaluate is taken as it is; `powers` then counts it as granting everything.
    """
    if (size := len(rego.encode("utf-8"))) > MAX_BYTES:
        raise PolicyError(
            f"The agent policy has {size} bytes, and no initdata takes more than {MAX_BYTES} of them."
        )
    given = engine.answers(rego)
    if given is None and _PACKAGE.search(rego):
        return rego
    if not given:
        raise PolicyError("The agent policy has no rules in `package agent_policy`, the one the agent asks.")
    wrong = [name for name in REQUESTS if name in given and not _is_answer(given[name])]
    if wrong:
        raise PolicyError(
            f"The agent policy answers {', '.join(wrong)} with neither true nor false nor {{allowed: ...}}: correct these rules."
        )
    if not given.keys() & set(REQUESTS):
        raise PolicyError(
            f"The agent policy answers nothing that the agent asks: it needs rules such as `default {REQUESTS[0]} := false`."
        )
    return rego


def _is_answer(value: object) -> bool:
    """The agent takes a boolean, or a mapping with `allowed` and the changes of its state."""
    if isinstance(value, Mapping):
        return isinstance(cast(Mapping[str, object], value).get("allowed"), bool)
    return isinstance(value, bool)


def readable(rego: str) -> bool:
    """Whether the engine of this program can evaluate the policy, and not only the guest's."""
    return engine.answers(rego) is not None


def unanswered(rego: str) -> list[str]:
    """The requests that a policy says nothing about. The agent refuses them, which is seldom meant for all of them."""
    given = engine.answers(rego)
    if given is None:
        return [name for name in REQUESTS if re.search(rf"^(default )?{name}\b", rego, re.MULTILINE) is None]
    return [name for name in REQUESTS if name not in given]


def arguments(line: str) -> list[str]:
    try:
        arguments = shlex.split(line)
    except ValueError as error:
        raise PolicyError(f"The command {line!r} is not in shell quoting ({error}).") from error
    if not arguments:
        raise PolicyError("An allowed command is empty: write the exact command line.")
    return arguments
