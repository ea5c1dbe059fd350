"""Several stacks under the official engine: hubs before spokes, and the other way round when they go."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sandbox.engine.environment import Selection
from sandbox.engine.errors import SandboxError
from sandbox.engine.providers import StandIns
from sandbox.engine.stackfile import StackFile
from sandbox.engine.workspace import Workspace
from sandbox.official.cli import Cli
from sandbox.official.stacks import Stacks, write_config


class Environment:
    """The project in `root`, with all state below `home`."""

    def __init__(self, root: Path, home: Path) -> None:
        self._workspace = Workspace(root, home)
        self._home = home
        self.project = self._workspace.project
        self.state = home / "pulumi"
        self.cli = Cli(root=root, state=self.state, passphrase=home / "passphrase")
        self.stacks = Stacks(self.cli)

    def locked(self) -> AbstractContextManager[None]:
        return self._workspace.locked()

    def prepare(self) -> None:
        self.cli.prepare()

    def up(self, selection: Selection, out: Console) -> bool:
        """The first stack that fails ends it."""
        self.prepare()
        for file in selection.stacks:
            _heading(out, "up", file)
            if self._run("up", file, out, "--yes") != 0:
                _next(
                    out, f"correct that, then {_command(selection, 'up')}: it goes on where this run stopped"
                )
                return False
        _next(out, f"{_command(selection, 'preview')} says that nothing changes")
        return True

    def preview(self, selection: Selection, out: Console) -> bool:
        """What `up` would do. A spoke whose hub is not up cannot be previewed, which is no error."""
        self.prepare()
        succeeded = True
        for file in selection.stacks:
            _heading(out, "preview", file)
            hub = str(file.values.get(f"{self.project.name}:hub", "")).rsplit("/", 1)[-1]
            if file.role == "spoke" and hub in self.project.stack_names() and not self.stacks.outputs(hub):
                out.print(
                    f"{file.stack} reads the outputs of {hub}, which is not up: it can be previewed when {hub} is."
                )
                continue
            succeeded = self._run("preview", file, out) == 0 and succeeded
        _next(out, _command(selection, "up" if succeeded else "preview"))
        return succeeded

    def _run(self, verb: str, file: StackFile, out: Console, *more: str) -> int:
        self._configure(file, out)
        config = str(self.stacks.config_file(file.stack))
        return self.cli.run(
            verb, "--stack", file.stack, "--config-file", config, "--suppress-permalink", *more
        )

    def _configure(self, file: StackFile, out: Console) -> None:
        missing = write_config(
            file,
            self.stacks.config_file(file.stack),
            keyring=self._workspace.keyring,
            secrets=self._home / "secrets" / f"{file.stack}.json",
            stand_ins=StandIns(self.state),
        )
        self.stacks.create(file.stack)
        if missing:
            out.print(
                Text(f"Stand-in secrets, made by the sandbox and worth nothing: {', '.join(missing)}", "dim")
            )

    def down(self, selection: Selection, out: Console) -> bool:
        raise SandboxError("not yet")


def _command(selection: Selection, verb: str) -> str:
    return f"{selection.command(verb)} ENGINE=pulumi"


def _heading(out: Console, verb: str, file: StackFile) -> None:
    out.print(Text.assemble((f"{verb} {file.stack}", "bold"), (f"  {file.role}, official engine", "dim")))


def _next(out: Console, words: str) -> None:
    out.print(Text.assemble(("Next: ", "bold"), words))
