"""`make review BASE=origin/main`: what a change would do to the stacks it touches, as Markdown, without an account.

The stacks are brought up in a sandbox of their own from the code at BASE, and previewed with the code that is checked out. Each is
then brought up with that code, so that a spoke shows what the change of its hub means for it. `.sandbox` is left alone.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.ending import end
from tools.touched import ROOT, changed_since, hubs_of, stack_files, touched


@dataclass(frozen=True, kw_only=True)
class ReviewSandbox:
    """The sandbox of the code in `root`, with its state in `home`."""

    root: Path
    home: Path
    python: Path

    def run(self, verb: str, stack: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), "-m", "sandbox", verb, "--stack", stack, "--home", str(self.home)]
        return subprocess.run(
            command, cwd=self.root, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.review", description=__doc__)
    parser.add_argument("base", help="what the change is compared with: a branch or a commit")
    base = parser.parse_args(arguments).base
    files = stack_files(ROOT)
    names = touched(changed_since(base, ROOT), files)
    if not names:
        print("No stack is touched.")
        return 0
    print("Previewed in the sandbox: a test double of the engine, of Azure and of OpenShift.\n")
    with tempfile.TemporaryDirectory() as scratch:
        after = ReviewSandbox(root=ROOT, home=Path(scratch, "state"), python=Path(sys.executable))
        with _worktree(base, Path(scratch, "base")) as root:
            before = ReviewSandbox(root=root, home=after.home, python=_python(root))
            for name in dict.fromkeys([*hubs_of(names, files), *names]):
                if name not in stack_files(root):
                    print(f"`{name}` is new.\n")
                elif (done := before.run("up", name)).returncode:
                    print(
                        _section(
                            f"{name} does not come up from {base}, so all of it shows as new", done.stdout
                        )
                    )
        return 0 if all([_show(after, name) for name in names]) else 1


def _show(after: ReviewSandbox, name: str) -> bool:
    preview = after.run("preview", name)
    print(_section(f"{name}{' could not be previewed' if preview.returncode else ''}", preview.stdout))
    if preview.returncode:
        return False
    if (done := after.run("up", name)).returncode:
        print(_section(f"{name} does not come up after this change", done.stdout))
    return not done.returncode


def _section(title: str, text: str) -> str:
    return (
        f"<details open><summary><b>{title}</b></summary>\n\n~~~~~~~~\n{text.strip()}\n~~~~~~~~\n</details>\n"
    )


@contextmanager
def _worktree(commit: str, place: Path) -> Generator[Path, None, None]:
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(place), commit], check=True)
    try:
        yield place
    finally:
        subprocess.run([*git, "remove", "--force", str(place)], check=True)


def _python(root: Path) -> Path:
    """This one where the packages are the same, otherwise one of its own."""
    if (root / "requirements.txt").read_bytes() == (ROOT / "requirements.txt").read_bytes():
        return Path(sys.executable)
    subprocess.run(["make", "-s", "environment"], cwd=root, check=True, stdout=sys.stderr)
    return root / ".venv" / "bin" / "python"


if __name__ == "__main__":
    end(main)
