"""The `pulumi` command by hand, on the sandbox's backend: what `make shell` and `make env` put on PATH.

It is Pulumi's own command with the sandbox's stand-ins, keys and throw-away secrets. Commands that run the program read the stack
file as it is at that moment.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from sandbox.ending import end
from sandbox.engine.display import console
from sandbox.engine.errors import SandboxError
from sandbox.engine.stackfile import StackFile
from sandbox.official import foreground
from sandbox.official.cli import BY_HAND, STACK
from sandbox.official.environment import Environment

_RUNS: Final = frozenset(["up", "update", "preview", "pre", "destroy", "down", "dn", "refresh", "import"])
_VALUED: Final = frozenset(["--color", "-C", "--cwd", "-v", "--verbose", "--tracing", "--profiling"])
"""Flags of every command that have a value, as they may come before the command's name."""
_WRITES: Final = frozenset(["set", "set-all", "rm", "rm-all", "cp", "refresh"])


def folder(home: Path) -> Path:
    """Of the command; it is put before the others on PATH."""
    return home / "pulumi" / BY_HAND


def variables(environment: Environment, stack: str) -> dict[str, str]:
    """What has to be set for `pulumi` to work on `stack`; the command is there afterwards. Raises SandboxError for no such stack."""
    StackFile.of(environment.project, stack)
    home, root = environment.home, environment.project.root
    words = [sys.executable, "-m", "sandbox.official.by_hand", str(root), str(home)]
    command = folder(home) / "pulumi"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(
        f'#!/bin/sh\nhere=$PWD\ncd {shlex.quote(str(root))} && exec {shlex.join(words)} "$here" "$@"\n'
    )
    command.chmod(0o755)
    return {"PATH": f"{command.parent}:{os.environ.get('PATH', os.defpath)}", STACK: stack}


def exports(environment: Environment, stack: str) -> str:
    """For a shell to evaluate. Raises SandboxError for no such stack."""
    found = variables(environment, stack)
    return (
        f"export PATH={shlex.quote(str(folder(environment.home)))}:$PATH {STACK}={shlex.quote(found[STACK])}"
    )


def shell(environment: Environment, stack: str) -> int:
    """A shell of the user's in the project; the exit code of its last command. Raises SandboxError for no such stack."""
    program = os.environ.get("SHELL") or "/bin/sh"
    return foreground.run(
        [program], cwd=environment.project.root, env=os.environ | variables(environment, stack)
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """`arguments`: the project's folder, the sandbox's, the one that the command was typed in, and its own arguments."""
    root, home, here, *typed = sys.argv[1:] if arguments is None else arguments
    try:
        environment = Environment(Path(root), Path(home))
        with ExitStack() as held:
            more: list[str] = []
            command = _command(typed)
            if command in _RUNS or command == "config":
                if command == "config" and _WRITES & set(typed):
                    raise SandboxError(_refusal(environment, typed))
                if command in _RUNS:
                    held.enter_context(environment.ready(console(stderr=True)))
                if "--config-file" not in typed:
                    more = ["--config-file", str(_configured(environment, typed))]
            else:
                environment.cli.prepare()
            return environment.cli.run(*typed, *more, cwd=Path(here))
    except SandboxError as error:
        console(stderr=True).print(f"error: {error}", style="bold red")
        return 1


def _command(typed: Sequence[str]) -> str | None:
    words = iter(typed)
    for word in words:
        if word in _VALUED:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _configured(environment: Environment, typed: Sequence[str]) -> Path:
    stack = _stack(environment, typed)
    environment.stacks.configure(StackFile.of(environment.project, stack))
    return environment.stacks.config_file(stack)


def _refusal(environment: Environment, typed: Sequence[str]) -> str:
    stack = _stack(environment, typed)
    return (
        f"the sandbox takes the configuration from {environment.project.stacks}/Pulumi.{stack}.yaml and makes up the secrets: "
        "change a value there, in an editor"
    )


def _stack(environment: Environment, typed: Sequence[str]) -> str:
    """The one that is named, or else the one that `pulumi` would take."""
    for number, word in enumerate(typed):
        if word in ("--stack", "-s") and number + 1 < len(typed):
            return typed[number + 1].rsplit("/", 1)[-1]
        if word.startswith("--stack="):
            return word.removeprefix("--stack=").rsplit("/", 1)[-1]
    return os.environ.get(STACK) or environment.cli.read("stack", "--show-name").strip()


if __name__ == "__main__":
    end(main)
