"""What the command line asks of the official engine."""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sandbox.engine.display import console
from sandbox.engine.environment import Selection
from sandbox.engine.errors import Busy, SandboxError
from sandbox.engine.workspace import Workspace
from sandbox.official import by_hand
from sandbox.official.environment import Environment
from sandbox.official.standins import Official


def run(options: argparse.Namespace) -> int:
    """The exit code. `options` are those of `sandbox.__main__`."""
    try:
        if options.verb == "plan":
            raise SandboxError("only the embedded engine prints a plan: leave --engine out")
        out = console()
        with ExitStack() as held:
            with _or_stopped(options):
                environment = Environment(Path.cwd(), options.home.resolve(), install=options.install)
            if options.verb in ("outputs", "export"):
                return _show(environment, options)
            if options.verb in ("shell", "env"):
                return _by_hand(environment, options)
            selection = Selection.of(environment.project, options.env, options.stack)
            with _or_stopped(options):
                held.enter_context(environment.ready(out))
            act = {"up": environment.up, "preview": environment.preview, "down": environment.down}
            return 0 if act[options.verb](selection, out, *options.pulumi) else 1
    except SandboxError as error:
        console(stderr=True).print(f"error: {error}", style="bold red")
        return 1
    except KeyboardInterrupt:
        console(stderr=True).print(
            "Interrupted. The state says what is there; run `up` again and it goes on from here."
        )
        return 130


@contextmanager
def _or_stopped(options: argparse.Namespace) -> Generator[None, None, None]:
    """Whatever is missing for `down`, processes of the sandbox must not go on running when somebody takes it down."""
    try:
        yield
    except Busy:
        raise
    except SandboxError as error:
        if options.verb != "down":
            raise
        home = options.home.resolve()
        with Workspace(Path.cwd(), home).locked():  # raises Busy where another run works with them
            clusters = Official(home).clusters
            running = clusters.processes()
            clusters.stop()
        ended = f"What still ran is stopped: {', '.join(running)}" if running else "No API server runs"
        raise SandboxError(
            f"{error}. {ended}. Nothing was deleted: the same command does that when nothing is missing"
        ) from error


def _by_hand(environment: Environment, options: argparse.Namespace) -> int:
    """The servers go on running, as after `up`."""
    with environment.ready(console(stderr=True)):
        pass
    if options.verb == "env":
        print(by_hand.exports(environment, options.stack))
        return 0
    words = f"`pulumi` works on {options.stack} of the sandbox here, and on nothing else. `exit` leaves the shell."
    console(stderr=True).print(words, style="dim")
    return by_hand.shell(environment, options.stack)


def _show(environment: Environment, options: argparse.Namespace) -> int:
    """Standard output gets JSON and nothing else."""
    if options.verb == "export":
        shown = environment.stacks.export(options.stack)
    else:
        shown = environment.stacks.outputs(options.stack, show_secrets=options.show_secrets)
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    return 0
