"""Name the stacks whose preview a change can alter: `python -m tools.touched origin/main`, one a line (`--json`: a list).

A change of the program, of the platform values or of the advisories touches every stack; a stack file touches its stack, and those that read its outputs; reference values
and policies touch the stacks that name them. Tests, documents, tools and the sandbox touch none.
"""

import argparse
import json
import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, cast

import yaml

from sandbox.ending import end
from tools import program_files

ROOT = Path(__file__).resolve().parent.parent
REFERENCE_VALUES = PurePosixPath("reference-values")


def touched(changed: Collection[str], stacks: Mapping[str, object]) -> list[str]:
    """Names out of `stacks` (content of each stack file by name), in the order in which they read each other; `changed` are paths from the root."""
    named = {name: set(_strings(content)) for name, content in stacks.items()}
    if any(_is_program(path) for path in changed):
        found = set(stacks)
    else:
        words = set(changed)
        words |= {
            PurePosixPath(path).stem for path in changed if PurePosixPath(path).parent == REFERENCE_VALUES
        }
        found = {name for name in map(_stack, changed) if name}
        found |= {name for name, strings in named.items() if strings & words}
        parts = [PurePosixPath(path).parts for path in changed]
        workloads = {part[1] for part in parts if len(part) > 2 and part[0] == "workloads"}
        found |= {name for name, content in stacks.items() if workloads & _workloads(content)}
    while read_them := {
        name
        for name, strings in named.items()
        if name not in found and any(text.endswith(tuple(f"/{hub}" for hub in found)) for text in strings)
    }:
        found |= read_them
    return sorted(found & set(stacks), key=lambda name: (_place(named[name]), name))


def _place(strings: Collection[str]) -> int:
    """Hubs first, then contracts, then the others."""
    return next((place for place, role in enumerate(("hub", "contract")) if role in strings), 2)


def _is_program(path: str) -> bool:
    packages = tuple(f"{folder}/" for folder in program_files.CODE)
    return (
        path in program_files.ENTRY
        or path.startswith("platform-values/")
        or (path.startswith(packages) and path.endswith((".py", ".sh")))
    )


def _workloads(content: object) -> set[str]:
    """The workloads that a stack file names: a hub by key, a spoke in a list."""
    config = cast(Mapping[str, Any], content).get("config") if isinstance(content, Mapping) else None
    named = cast(Mapping[str, Any], config).get("coco:workloads") if isinstance(config, Mapping) else None
    return set(cast(Collection[str], named)) if isinstance(named, Mapping | list) else set()


def _stack(path: str) -> str | None:
    file = PurePosixPath(path)
    is_stack = file.match("stacks/Pulumi.*.yaml") and len(file.parts) == 2
    return file.name.removeprefix("Pulumi.").removesuffix(".yaml") if is_stack else None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(cast(Mapping[object, object], value).values()))
    elif isinstance(value, list):
        for item in cast(list[object], value):
            yield from _strings(item)


def hubs_of(names: Collection[str], stacks: Mapping[str, object]) -> list[str]:
    """The stacks whose outputs those of `names` read."""
    read = {text.rpartition("/")[2] for name in names for text in _strings(stacks[name]) if "/" in text}
    return sorted(read & set(stacks))


def stack_files(root: Path) -> dict[str, object]:
    """The content of each stack file of the project in `root`, by the name of the stack."""
    files = {_stack(f"stacks/{path.name}") or "": path for path in (root / "stacks").glob("Pulumi.*.yaml")}
    return {name: yaml.safe_load(path.read_text("utf-8")) for name, path in files.items()}


def changed_since(base: str, root: Path) -> list[str]:
    """The paths, from the root, that differ between HEAD and where it left `base`."""
    diff = ["git", "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD"]
    return subprocess.run(diff, cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.touched", description=__doc__)
    parser.add_argument("base", help="what the change is compared with: a branch or a commit")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    options = parser.parse_args()
    names = touched(changed_since(options.base, ROOT), stack_files(ROOT))
    if options.json:
        print(json.dumps(names))
    else:
        for name in names:
            print(name)
    return 0


if __name__ == "__main__":
    end(main)
