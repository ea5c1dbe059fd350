"""What a policy lets whoever runs the untrusted cluster do to a pod. What is not shown to be refused counts as granted.

Policies of this program are known by their text: it is, byte for byte, what some settings or pins render. For those the tests show
what is granted. Any other policy is asked, and a rule that says more than a constant default counts as granting.
"""

import json
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from model.policy import agent_policy, engine
from model.policy.agent_policy import AgentSettings
from model.policy.compose import DATA, body
from model.policy.requests import FAILS_OPEN
from model.policy.workload_policy import read_workload

_OWN_CONDITIONS: Final = "what its own conditions allow"
# Commands that run what their input, a file or an argument tells them, or that start other commands.
_INTERPRETERS: Final = re.compile(
    r"(ba|da|a|z|k|c|tc|fi)?sh|busybox|toybox|(python|perl|ruby|php|lua|node|nodejs|deno|bun|java|tclsh|expect|guile)[0-9.]*"
    r"|[gmn]?awk|g?sed|ed|ex|vim?|nano|emacs|less|more|man|gdb|lldb|strace|env|xargs|find|tar|make|git|ssh|socat|nc|ncat"
    r"|su|sudo|doas|chroot|nsenter|unshare|setpriv|runuser|timeout|nice|nohup|setsid|stdbuf|time|watch|script|screen|tmux"
)


@dataclass(frozen=True, kw_only=True)
class Powers:
    """`exec`: `none`, `any` or `only: <commands>`. The others say whether it can be done at all, on whatever condition.

    `other_image`, `other_command`, `extra_environment`, `mount_over_files`: a container that is not the pod's own in that respect.
    `replace_files`: CopyFile outside of what a container mounts. `fails_open`: what is refused is done all the same. `host_files`: where
    the containers of a workload mount ConfigMaps, Secrets and the like, whose content is the host's, always.
    """

    exec: str
    read_logs: bool
    write_stdin: bool
    set_policy: bool
    fails_open: bool
    other_image: bool
    other_command: bool
    extra_environment: bool
    mount_over_files: bool
    replace_files: bool
    commands: tuple[tuple[str, ...], ...] = ()
    host_files: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        """Whether they amount to running anything: also a listed shell or interpreter, or listed commands with input."""
        return (
            self.fails_open
            or self.set_policy
            or self.exec == "any"
            or _OWN_CONDITIONS in self.exec
            or any(interprets(command) for command in self.commands)
            or (self.exec != "none" and self.write_stdin)
        )

    @property
    def pinned(self) -> bool:
        """Whether nothing but the pod as its owner wrote it can be created."""
        return not (
            self.fails_open
            or self.other_image
            or self.other_command
            or self.extra_environment
            or self.mount_over_files
            or self.replace_files
        )


def of(rego: str) -> Powers:
    """The powers that `rego` gives. Raises PolicyError where it is no policy."""
    if pins := read_workload(rego):
        commands = tuple(command for container in pins.containers for command in container.exec_commands)
        mounts = [mount for container in pins.containers for mount in container.mounts]
        return Powers(
            exec=_listed_as(commands),
            read_logs=pins.read_logs,
            write_stdin=False,
            set_policy=False,
            fails_open=False,
            other_image=False,
            other_command=False,
            extra_environment=False,
            mount_over_files=False,
            replace_files=False,
            commands=commands,
            host_files=tuple(sorted({one.path for one in mounts if one.kind not in ("memory", "disk")})),
        )
    if settings := _settings(rego):
        return of_settings(settings)
    return _asked(rego)


def of_settings(settings: AgentSettings) -> Powers:
    """The powers that the policy of a profile with these settings gives. A command that is no command line gives none."""
    commands = tuple(_split(line) for line in settings.exec_commands)
    return Powers(
        exec="any" if settings.exec else _listed_as(commands),
        read_logs=settings.read_logs,
        write_stdin=settings.write_stdin,
        set_policy=settings.set_policy,
        fails_open=False,
        other_image=True,
        other_command=True,
        extra_environment=True,
        mount_over_files=True,
        replace_files=False,
        commands=commands,
    )


def _split(line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return ()


def pins(rego: str) -> bool:
    """Whether `rego` is shown to pin what runs. Raises PolicyError where it is no policy."""
    return of(rego).pinned


def interprets(command: Sequence[str]) -> bool:
    """Whether the command is a shell, an interpreter or the like, by the name of its program."""
    return bool(command) and _INTERPRETERS.fullmatch(command[0].rpartition("/")[2]) is not None


def _settings(rego: str) -> AgentSettings | None:
    """The settings whose policy `rego` is, byte for byte; None where it is no such policy."""
    text = body(rego)

    def grants(name: str) -> bool:
        return f"\ndefault {name} := true\n" in text

    _, found, data = text.partition(DATA)
    try:
        commands = (
            tuple(shlex.join(command) for command in json.loads(data)["allowed_commands"]) if found else ()
        )
        settings = AgentSettings(
            exec_commands=commands,
            exec=not commands and "\nExecProcessRequest if" in text,
            read_logs=grants("ReadStreamRequest"),
            write_stdin=grants("WriteStreamRequest"),
            set_policy=grants("SetPolicyRequest"),
        )
        return settings if agent_policy.render(settings) == text else None
    except (ValueError, TypeError, LookupError):  # PolicyError is a ValueError
        return None


_ALL: Final = Powers(
    exec="any",
    read_logs=True,
    write_stdin=True,
    set_policy=True,
    fails_open=True,
    other_image=True,
    other_command=True,
    extra_environment=True,
    mount_over_files=True,
    replace_files=True,
)


def _asked(rego: str) -> Powers:
    """What nobody can know counts as granted."""
    answers = engine.answers(rego)
    if answers is None:
        return replace(_ALL, fails_open=False)
    if _granted(rego, FAILS_OPEN):
        return _ALL
    creates = _granted(rego, "CreateContainerRequest")
    exec_, commands = _exec_power(rego, answers.get("policy_data"))
    return Powers(
        exec=exec_,
        read_logs=_granted(rego, "ReadStreamRequest"),
        write_stdin=_granted(rego, "WriteStreamRequest"),
        set_policy=_granted(rego, "SetPolicyRequest"),
        fails_open=False,
        other_image=creates,
        other_command=creates,
        extra_environment=creates,
        mount_over_files=creates or _granted(rego, "UpdateEphemeralMountsRequest"),
        replace_files=_granted(rego, "CopyFileRequest"),
        commands=commands,
    )


def _exec_power(rego: str, data: Any) -> tuple[str, tuple[tuple[str, ...], ...]]:
    # Nobody can have listed this one, so a policy that allows it allows all.
    if _exec_allowed(rego, [secrets.token_hex(16)]):
        return "any", ()
    listed = cast(Mapping[str, Any], data).get("allowed_commands") if isinstance(data, Mapping) else None
    entries = [_listed(entry) for entry in cast(list[object], listed)] if isinstance(listed, list) else []
    commands = tuple(tuple(command) for command in entries if _exec_allowed(rego, command))
    if not _conditional(rego, "ExecProcessRequest"):
        return _listed_as(commands), commands
    only = _listed_as(commands)
    return (f"only: {_OWN_CONDITIONS}" if only == "none" else f"{only}; {_OWN_CONDITIONS}"), commands


def _listed_as(commands: Sequence[Sequence[str]]) -> str:
    return f"only: {'; '.join(shlex.join(command) for command in commands)}" if commands else "none"


def _listed(entry: object) -> list[str]:
    """An entry of `allowed_commands`: a list of arguments, or in the pattern's policies one line joined by blanks."""
    return (
        [str(part) for part in cast(list[object], entry)]
        if isinstance(entry, list)
        else str(entry).split(" ")
    )


def _exec_allowed(rego: str, command: Sequence[str]) -> bool:
    request: dict[str, Any] = {"process": {"Args": list(command)}}
    return engine.Session(rego).ask("ExecProcessRequest", request)


def _granted(rego: str, rule: str) -> bool:
    return engine.Session(rego).ask(rule, {}) or _conditional(rego, rule)


def _conditional(rego: str, rule: str) -> bool:
    """Whether `rule` says more than a constant default, so that some request could be answered otherwise.

    The one thing that asking cannot show. Any mention outside comments and strings counts: a false alarm beats a missed grant.
    """
    code = re.sub(r'`[^`]*`|"(?:\\.|[^"\\])*"|#[^\n]*', "", rego)
    defaults = rf"\bdefault\s+{rule}\s*:?=\s*(?:true|false)\b"
    return re.search(rf"\b{rule}\b", re.sub(defaults, "", code)) is not None
