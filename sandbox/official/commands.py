"""What the command line asks of the official engine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sandbox.engine.display import console
from sandbox.engine.environment import Selection
from sandbox.engine.errors import SandboxError
from sandbox.official.environment import Environment


def run(options: argparse.Namespace) -> int:
    """The exit code. `options` are those of `sandbox.__main__`."""
    try:
        environment = Environment(Path.cwd(), options.home.resolve(), install=options.install)
        if options.verb == "plan":
            raise SandboxError("only the embedded engine prints a plan: leave --engine out")
        if options.verb in ("outputs", "export"):
            return _show(environment, options)
        selection = Selection.of(environment.project, options.env, options.stack)
        act = {"up": environment.up, "preview": environment.preview, "down": environment.down}[options.verb]
        out = console()
        with environment.ready(out):
            return 0 if act(selection, out) else 1
    except SandboxError as error:
        console(stderr=True).print(f"error: {error}", style="bold red")
        return 1
    except KeyboardInterrupt:
        console(stderr=True).print(
            "Interrupted. The state says what is there; run `up` again and it goes on from here."
        )
        return 130


def _show(environment: Environment, options: argparse.Namespace) -> int:
    """Standard output gets JSON and nothing else."""
    if options.verb == "export":
        shown = environment.stacks.export(options.stack)
    else:
        shown = environment.stacks.outputs(options.stack, show_secrets=options.show_secrets)
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    return 0
