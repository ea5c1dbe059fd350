"""`make check`: run every linter, say for each what came of it and how long it took, and fail when any failed.

`python -m tools.check ruff pyright` (or `make check ARGS="ruff pyright"`) runs only those.
"""

import argparse
import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.ending import end

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class CodeCheck:
    """`command` runs in the root of the project, with the paths that match `files` (globs) at its end."""

    name: str
    command: Sequence[str]
    files: Sequence[str] = ()


CHECKS = (
    CodeCheck(name="pyright", command=["basedpyright", "--level", "error"]),
    CodeCheck(name="imports", command=["lint-imports", "--no-cache"]),
    CodeCheck(name="ruff", command=["ruff", "check", "--quiet", "."]),
    CodeCheck(name="format", command=["ruff", "format", "--check", "--quiet", "."]),
    CodeCheck(name="schema", command=["python", "-m", "tools.schema", "--check"]),
    CodeCheck(name="configuration", command=["python", "-m", "tools.configuration", "--check"]),
    CodeCheck(
        name="stacks",
        command=["check-jsonschema", "--schemafile", "config/schema.json"],
        files=["stacks/Pulumi.*.yaml"],
    ),
    CodeCheck(
        name="renovate",
        command=["check-jsonschema", "--builtin-schema", "vendor.renovate"],
        files=[".github/renovate.json"],
    ),
    CodeCheck(
        name="issue-forms",
        command=["check-jsonschema", "--builtin-schema", "vendor.github-issue-forms"],
        files=[".github/ISSUE_TEMPLATE/*.yaml"],
    ),
    CodeCheck(name="yaml", command=["yamllint", "--strict", "."]),
    CodeCheck(name="shell", command=["shellcheck"], files=[".ci/*", "tools/*.sh"]),
    # These become commands of containers, so they have no first line that names the shell.
    CodeCheck(name="containers", command=["shellcheck", "--shell=bash"], files=["components/**/*.sh"]),
    # The image of rclone has no other shell.
    CodeCheck(name="busybox", command=["shellcheck", "--shell=busybox"], files=["model/**/*.sh"]),
    CodeCheck(name="actionlint", command=["actionlint"], files=[".github/workflows/*.yaml"]),
    CodeCheck(name="zizmor", command=["zizmor", "--offline", "--quiet", "--persona", "pedantic", ".github"]),
)


@dataclass(frozen=True, kw_only=True)
class Result:
    name: str
    verdict: str
    """`ok`, `FAILED` or `skipped`."""
    seconds: float
    output: str


def run(check: CodeCheck, root: Path = ROOT) -> Result:
    started = time.monotonic()
    paths = [str(path.relative_to(root)) for glob in check.files for path in sorted(root.glob(glob))]
    program = shutil.which(check.command[0], path=os.environ["PATH"])
    if program is None:
        missing = f"{check.command[0]} is not installed: there is none for this platform"
        return Result(name=check.name, verdict="skipped", seconds=0, output=missing)
    if check.files and not paths:
        missing = f"there is no {' or '.join(check.files)}"
        return Result(name=check.name, verdict="skipped", seconds=0, output=missing)
    done = subprocess.run(
        [program, *check.command[1:], *paths],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Result(
        name=check.name,
        verdict="FAILED" if done.returncode else "ok",
        seconds=time.monotonic() - started,
        output=done.stdout.strip() if done.returncode else "",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.check", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(check.name for check in CHECKS))
    names = parser.parse_args(arguments).names
    if unknown := set(names) - {check.name for check in CHECKS}:
        parser.error(f"there is no check {', '.join(sorted(unknown))}")
    # The linters of this environment come first, and actionlint finds this shellcheck too.
    os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    chosen = [check for check in CHECKS if not names or check.name in names]
    results: list[Result] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for result in pool.map(run, chosen):
            results.append(result)
            print(f"{result.verdict:8} {result.name:13} {result.seconds:5.1f} s", flush=True)
            if result.output:
                print(result.output, flush=True)
    count = {verdict: sum(r.verdict == verdict for r in results) for verdict in ("ok", "FAILED", "skipped")}
    print(f"{len(results)} checks: {', '.join(f'{n} {verdict}' for verdict, n in count.items())}")
    return 1 if count["FAILED"] else 0


if __name__ == "__main__":
    end(main)
