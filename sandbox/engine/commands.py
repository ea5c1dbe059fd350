"""What the command line asks of the embedded engine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from sandbox.engine import environment
from sandbox.engine.display import console
from sandbox.engine.environment import Selection
from sandbox.engine.errors import SandboxError
from sandbox.engine.plan import planned
from sandbox.engine.values import SecretValue, plain, replaced
from sandbox.engine.workspace import Workspace


def run(options: argparse.Namespace) -> int:
    """The exit code. `options` are those of `sandbox.__main__`."""
    try:
        workspace = Workspace(Path.cwd(), options.home.resolve())
        if options.verb in ("outputs", "export"):
            return _show(workspace, options)
        if options.verb == "plan":
            return _plan(workspace, options.stack)
        selection = Selection.of(workspace.project, options.env, options.stack)
        act = {"up": environment.up, "preview": environment.preview, "down": environment.down}[options.verb]
        with workspace.locked():
            return 0 if act(workspace, selection, console()) else 1
    except SandboxError as error:
        console(stderr=True).print(f"error: {error}", style="bold red")
        return 1
    except KeyboardInterrupt:
        console(stderr=True).print(
            "Interrupted. The state says what is there; run `up` again and it goes on from here."
        )
        return 130


def _show(workspace: Workspace, options: argparse.Namespace) -> int:
    """Standard output gets JSON and nothing else."""
    exported = workspace.exported(options.stack)
    if options.verb == "export":
        print(json.dumps(exported, indent=4, ensure_ascii=False))
    else:
        outputs = workspace.outputs(options.stack)
        shown = plain(outputs) if options.show_secrets else replaced(outputs, _masked)
        print(json.dumps(shown, indent=2, ensure_ascii=False))
    return 0


def _plan(workspace: Workspace, stack: str) -> int:
    export, partly = planned(workspace.project.root, workspace.home, stack)
    for name in partly:
        print(f"{name} is known only after up; parts of it are shown as they are now.", file=sys.stderr)
    print(json.dumps(export))
    return 0


def _masked(_: SecretValue) -> str:
    return "[secret]"
