"""Several stacks under the official engine: hubs before spokes, and in reverse order for `down`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sandbox.apiserver import BuildError
from sandbox.engine.display import console, matters
from sandbox.engine.environment import Selection
from sandbox.engine.errors import SandboxError
from sandbox.engine.stackfile import StackFile
from sandbox.engine.workspace import Workspace
from sandbox.official import pods
from sandbox.official.cli import Cli
from sandbox.official.install import get, link_kubernetes
from sandbox.official.recovery import recover
from sandbox.official.stacks import Stacks
from sandbox.official.standins import Official
from sandbox.provider import Refused
from sandbox.shapes import is_map


class Environment:
    """The project in `root`, with all state below `home`. Raises SandboxError where there is no `pulumi` and it cannot be built."""

    def __init__(self, root: Path, home: Path, *, install: bool = False) -> None:
        self._workspace = Workspace(root, home)
        self._install = install
        self.home = home
        self.project = self._workspace.project
        self.stand_ins = Official(home)
        self.cli = Cli(pulumi=get(home, _say, install=install), root=root, home=home)
        self.keyring = self._workspace.keyring
        self.stacks = Stacks(self.cli, self.keyring, self.stand_ins)

    @contextmanager
    def ready(self, out: Console) -> Generator[None, None, None]:
        """Everything is there and runs, and no other run is at work. Raises SandboxError."""
        if not (self.project.root / ".venv").exists():
            raise SandboxError(
                "pulumi runs the program with the Python in .venv, which is missing: make environment"
            )
        with self._workspace.locked():
            self.cli.prepare()
            link_kubernetes(self.cli, install=self._install)
            try:
                self.stand_ins.clusters.prepare(out.print)
                self.stand_ins.clusters.start()
            except (BuildError, Refused) as error:
                raise SandboxError(str(error)) from error
            yield

    def up(self, selection: Selection, out: Console, *more: str) -> bool:
        """The first stack that fails ends it. `more` are further arguments of `pulumi`, here and below."""
        for file in selection.stacks:
            _heading(out, "up", file)
            if self.run("up", file, out, "--yes", *more) != 0:
                _next(
                    out, f"correct that, then {_command(selection, 'up')}: it goes on where this run stopped"
                )
                return False
        for file in selection.stacks:
            for name, value in matters(self.stacks.outputs(file.stack)):
                out.print(Text.assemble((f"{file.stack} ", "dim"), f"{name}: {value}"))
        for name, words in pods.told(self.stand_ins.clusters):
            out.print(Text.assemble((f"{name} ", "dim"), words))
        _next(out, f"{_command(selection, 'preview')} says that nothing changes")
        return True

    def preview(self, selection: Selection, out: Console, *more: str) -> bool:
        """What `up` would do, with values. A stack that reads one that is not up cannot be previewed, which is no error."""
        succeeded = True
        for file in selection.stacks:
            _heading(out, "preview", file)
            hub = str(file.values.get(f"{self.project.name}:hub", "")).rsplit("/", 1)[-1]
            waits = file.values.get(f"{self.project.name}:hubMayComeLater") is not True
            known = waits and file.role in ("spoke", "contract") and hub in self.project.stack_names()
            if known and not self.stacks.outputs(hub):
                out.print(
                    f"{file.stack} reads the outputs of {hub}, which is not up: it can be previewed when {hub} is."
                )
                continue
            succeeded = self.run("preview", file, out, "--diff", *more) == 0 and succeeded
        _next(out, _command(selection, "up" if succeeded else "preview"))
        return succeeded

    def down(self, selection: Selection, out: Console, *more: str) -> bool:
        """Delete what the stacks manage, spokes before hubs; nothing at all when something of it is protected."""
        resources = {file.stack: self.stacks.resources(file.stack) for file in selection.stacks}
        stacks = [file for file in reversed(selection.stacks) if resources[file.stack]]
        _refuse_protected([each for file in stacks for each in resources[file.stack]])
        for file in stacks:
            _heading(out, "down", file)
            if self.run("destroy", file, out, "--yes", *more) != 0:
                _next(out, f"correct that, then {_command(selection, 'down')}")
                return False
            cluster = file.values.get(f"{self.project.name}:cluster")
            if is_map(cluster) and cluster.get("kind") == "existing":
                self.stand_ins.clusters.delete(cluster["name"])
        if not stacks:
            out.print("Nothing is up.")
        if not any(self.stacks.resources(stack) for stack in self.stacks.names()):
            self.stand_ins.clusters.stop()
        _next(out, _command(selection, "up"))
        return True

    def run(self, verb: str, file: StackFile, out: Console, *more: str) -> int:
        """One command of `pulumi` on one stack, its exit code."""
        missing = self.stacks.configure(file)
        if missing:
            words = f"Stand-in secrets, made by the sandbox and worth nothing: {', '.join(missing)}"
            out.print(Text(words, "dim"))
        for sentence in recover(self.cli, self.stacks, file.stack):
            out.print(Text(sentence, "dim"))
        config = self.stacks.config_file(file.stack)
        out.file.flush()
        return self.cli.run(verb, "--stack", file.stack, "--config-file", str(config), *more)


def _say(words: str) -> None:
    """Not on standard output, which may be read by another program."""
    console(stderr=True).print(Text(words, "dim"))


def _refuse_protected(resources: list[dict[str, object]]) -> None:
    """Raises SandboxError that names every protected resource."""
    if protected := [
        str(resource["urn"]).split("::", 3)[3] for resource in resources if resource.get("protect")
    ]:
        raise SandboxError(
            f"nothing was deleted, because these resources are protected: {', '.join(protected)}. "
            "To let them go, set `protect: false` in the stack file (coco:cluster) and run `make up ENGINE=pulumi` once"
        )


def _command(selection: Selection, verb: str) -> str:
    return f"{selection.command(verb)} ENGINE=pulumi"


def _heading(out: Console, verb: str, file: StackFile) -> None:
    out.print(Text.assemble((f"{verb} {file.stack}", "bold"), (f"  {file.role}, official engine", "dim")))


def _next(out: Console, words: str) -> None:
    out.print(Text.assemble(("Next: ", "bold"), words))
