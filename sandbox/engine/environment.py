"""Environments: which stacks belong together, in which order they come up and go down, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from config.roles import ROLES
from sandbox.engine.display import Display, matters
from sandbox.engine.errors import SandboxError
from sandbox.engine.stackfile import ProjectFile, StackFile
from sandbox.engine.workspace import Workspace

_ORDER: Final = ("hub", "contract", "spoke")
"""Each reads the outputs of one before it."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The stacks a command is about, those that others read first, and the words that name them on the command line of `make`."""

    stacks: list[StackFile]
    words: str

    @classmethod
    def of(cls, project: ProjectFile, env: str, stack: str | None) -> Selection:
        """One stack, or those of an environment: its hub, the contract where it has one, and its spokes. A standalone stack is only ever
        named itself.

        Raises SandboxError when there is none, or a file of the environment has no role.
        """
        if stack:
            return cls(stacks=[StackFile.of(project, stack)], words=f"STACK={stack}")
        files = [StackFile.of(project, name) for name in project.stack_names() if name.startswith(f"{env}-")]
        if wrong := [_without_role(project, file) for file in files if file.role not in ROLES]:
            raise SandboxError("\n".join(wrong))
        found = [file for file in files if file.role in _ORDER]
        if not found:
            known = ", ".join(project.stack_names()) or "none"
            raise SandboxError(
                f"environment '{env}' has no stacks: {project.stacks} has no Pulumi.{env}-*.yaml with the role hub, contract or spoke. "
                f"Stacks there: {known}"
            )
        words = "" if env == "dev" else f"ENV={env}"
        return cls(stacks=sorted(found, key=lambda file: (_ORDER.index(file.role), file.stack)), words=words)

    def command(self, verb: str) -> str:
        return " ".join(filter(None, ("make", verb, self.words)))


def up(workspace: Workspace, selection: Selection, out: Console) -> bool:
    """Bring the stacks up one after the other; the first that fails ends it."""
    for file in selection.stacks:
        _heading(out, "up", file)
        if not workspace.up(file.stack, Display(out, file.stack, preview=False), preview=False):
            _next(out, f"correct that, then {selection.command('up')}: it goes on where this run stopped")
            return False
    for file in selection.stacks:
        for name, value in matters(workspace.outputs(file.stack)):
            out.print(Text.assemble((f"{file.stack} ", "dim"), f"{name}: {value}"))
    _next(
        out,
        f"change a value in {_paths(workspace, selection)} and see what it would do: {selection.command('preview')}",
    )
    return True


def preview(workspace: Workspace, selection: Selection, out: Console) -> bool:
    """What `up` would do. A stack that reads one that is not up cannot be previewed, which is no error."""
    succeeded, moving = True, ""
    for file in selection.stacks:
        _heading(out, "preview", file)
        if hub := _missing_hub(workspace, file):
            out.print(
                f"{file.stack} reads the outputs of {hub}, which is not up: it can be previewed when {hub} is."
            )
            continue
        display = Display(out, file.stack, preview=True)
        succeeded = workspace.up(file.stack, display, preview=True) and succeeded
        if file.role in ("hub", "contract") and display.outputs_changed:
            moving = file.stack
        elif moving:
            out.print(
                f"That is {file.stack} with {moving} as it is now: the new outputs of {moving} reach it with `up`."
            )
    _next(out, selection.command("up") if succeeded else f"correct that, then {selection.command('preview')}")
    return succeeded


def down(workspace: Workspace, selection: Selection, out: Console) -> bool:
    """Delete what the stacks manage, spokes before hubs; nothing at all when something of it is protected."""
    stacks = [file for file in reversed(selection.stacks) if workspace.resources(file.stack)]
    workspace.refuse_protected([file.stack for file in stacks])
    for file in stacks:
        _heading(out, "down", file)
        if not workspace.down(file.stack, Display(out, file.stack, preview=False)):
            _next(out, f"correct that, then {selection.command('down')}")
            return False
    if not stacks:
        out.print("Nothing is up.")
    _next(out, selection.command("up"))
    return True


def _without_role(project: ProjectFile, file: StackFile) -> str:
    got = f"has the role {file.role!r}" if file.role else "has no role"
    return f"{project.stacks}/Pulumi.{file.stack}.yaml {got}: write one of {', '.join(ROLES)} under config as {project.name}:role"


def _missing_hub(workspace: Workspace, file: StackFile) -> str | None:
    """The stack that one reads and cannot do without, when it has no outputs to read."""
    if file.values.get(f"{workspace.project.name}:hubMayComeLater") is True:
        return None
    hub = next(
        (str(value).rsplit("/", 1)[-1] for key, value in file.values.items() if key.endswith(":hub")), ""
    )
    known = hub in workspace.project.stack_names()
    return hub if file.role in ("spoke", "contract") and known and not workspace.outputs(hub) else None


def _paths(workspace: Workspace, selection: Selection) -> str:
    folder = workspace.project.stacks.name
    return " or ".join(f"{folder}/Pulumi.{file.stack}.yaml" for file in selection.stacks[:2])


def _heading(out: Console, verb: str, file: StackFile) -> None:
    out.print(
        Text.assemble(
            (f"{verb} {file.stack}", "bold"), (f"  {file.role}, embedded engine (a test double)", "dim")
        )
    )


def _next(out: Console, words: str) -> None:
    out.print(Text.assemble(("Next: ", "bold"), words))
