"""What a killed `pulumi` leaves behind: a lock on its stack, and operations of which nobody knows whether they took place."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator

from model.recovery import settled
from sandbox.official.cli import Cli
from sandbox.official.stacks import Stacks


def recover(cli: Cli, stacks: Stacks, stack: str) -> Iterator[str]:
    """A sentence for each thing that was done. No other `pulumi` may be at work on the stack."""
    for lock in cli.state.joinpath("backend").glob(f".pulumi/locks/**/{stack}/*.json"):
        holder = json.loads(lock.read_text())["pid"]
        if not _runs(holder):
            cli.read("cancel", "--yes", "--stack", stack)
            yield f"The last run of {stack}, process {holder}, was killed; its lock is taken off."
            break
    if interrupted := stacks.pending(stack):
        names = ", ".join(operation["resource"]["urn"].rsplit("::", 1)[-1] for operation in interrupted)
        yield f"The last run of {stack} was interrupted at {names}: looking up what became of that."
        _look_up(cli, stacks, stack)


def _look_up(cli: Cli, stacks: Stacks, stack: str) -> None:
    """Record the operations as done; the refresh then removes what is not there.

    `pulumi refresh --import-pending-creates` is meant for that, and forgets them instead (3.260).
    """
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(settled(stacks.export(stack)).document, file)
        file.flush()
        cli.read("stack", "import", "--stack", stack, "--file", file.name)
    config = str(stacks.config_file(stack))
    cli.read("refresh", "--yes", "--skip-preview", "--stack", stack, "--config-file", config)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
