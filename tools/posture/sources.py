"""Where exports come from: the sandbox's state, a file, standard input, or what the program would make of the stack files."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path

from sandbox.api import Sandbox, SandboxError
from tools.posture import deployment
from tools.posture.deployment import Deployment, PostureError

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, kw_only=True)
class SandboxStates:
    """`engine` is one of the sandbox's, `home` its state directory."""

    engine: str
    home: Path

    def export(self, stack: str) -> Deployment:
        """The stack as its last update left it. Raises PostureError."""
        if self.engine == "embedded":
            try:
                return deployment.read(json.dumps(Sandbox(ROOT, self.home).export(stack)), stack)
            except SandboxError as error:
                raise PostureError(str(error)) from error
        options = ["--engine", self.engine, "--home", str(self.home)]
        return deployment.read(_run(["-m", "sandbox", "export", stack, *options], ROOT), stack)

    def planned(self, stack: str, root: Path) -> Deployment:
        """The stack as the project in `root` would make it of this state, by a preview. Raises PostureError."""
        if self.engine != "embedded":
            raise PostureError(
                "What the stack files would give is previewed by the embedded engine only: leave --engine out, or compare with "
                "an export that you kept (--against FILE)."
            )
        # The sandbox and the program of that project, not those beside this file.
        arguments = ["-P", "-m", "sandbox", "plan", stack, "--home", str(self.home)]
        return deployment.read(_run(arguments, root, {"PYTHONPATH": str(root)}), stack)


def from_file(path: str, stack: str) -> Deployment:
    """The export in a file, or on standard input where `path` is `-`. Raises PostureError."""
    if path == "-":
        return deployment.read(sys.stdin.read(), stack)
    try:
        return deployment.read(Path(path).read_text("utf-8"), stack)
    except (OSError, UnicodeDecodeError) as error:
        raise PostureError(f"The export {path} cannot be read: {error}.") from error


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where the stack's export comes from: `--engine` and `--home`, or `--from`."""
    parser.add_argument("--engine", default="embedded", help="whose state is read (default: embedded)")
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(".sandbox"),
        help="where the sandbox keeps state (default: .sandbox)",
    )
    parser.add_argument("--from", dest="file", metavar="FILE", help="an export instead; - is standard input")


def chosen(options: argparse.Namespace, stack: str, file: str | None) -> Deployment:
    """The export of `stack` in `file`, or without one in the state that `add_options` names. Raises PostureError."""
    if file:
        return from_file(file, stack)
    return SandboxStates(engine=options.engine, home=options.home.resolve()).export(stack)


@contextmanager
def revision(name: str) -> Generator[Path, None, None]:
    """The project as of a git revision, in a folder that is gone afterwards. Raises PostureError for an unknown one."""
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run(
        [*git, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise PostureError(f"{name!r} is neither last-up nor a file nor a git revision.")
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch, "project")
        add = [*git, "worktree", "add", "--quiet", "--detach", str(place), found.stdout.strip()]
        subprocess.run(add, check=True, stdout=sys.stderr)
        try:
            yield place
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", str(place)], check=True)


def _run(arguments: list[str], root: Path, variables: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={**environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PostureError(done.stderr.strip().removeprefix("error: ") or f"{' '.join(arguments)} failed.")
    print(end=done.stderr, file=sys.stderr)
    return done.stdout
