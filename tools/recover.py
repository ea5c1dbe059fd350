"""`make recover STACK=prod-hub`: after a run that was interrupted, take over what it had made and not recorded.

Runs your own `pulumi`, on the backend that you are logged in to, with your own rights. A create that ended in Azure and not in the
state would otherwise be refused for ever: `cannot create already existing resource`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.recovery import Settled, settled
from sandbox.ending import end


class _Failed(Exception):
    """A sentence for a person."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when the state says what is there, 1 when something was left undone, 2 when `pulumi` refused something."""
    options = _parser().parse_args(arguments)
    config_file = ["--config-file", str(options.config_file)] if options.config_file else []
    recovery = _Recovery(options.stack, config_file, agreed=options.yes)
    try:
        whole = recovery.of_interrupted() and recovery.of_planned()
    except _Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"Next: pulumi up --stack {options.stack}" if whole else "Nothing more was done.")
    return 0 if whole else 1


class _Recovery:
    def __init__(self, stack: str, config_file: Sequence[str], *, agreed: bool) -> None:
        self._stack = stack
        self._config_file = config_file
        self._agreed = agreed

    def of_interrupted(self) -> bool:
        """The operations that the state names as pending. False where the person at the terminal does not want it."""
        exported = self._export()
        found = settled(exported)
        if not (found.looked_for or found.changed or found.forgotten):
            print(f"No operation of {self._stack} was interrupted.")
            return True
        for words, urns in (
            ("may have been made; taken over if it exists", found.looked_for),
            ("was being changed or deleted; read again", found.changed),
            ("has no name that can be looked up; made anew by the next run", found.forgotten),
        ):
            _list(urns, words)
        if not self._may("Write this into the state?"):
            return False
        self._write(exported, found, (*found.looked_for, *found.changed))
        became = self._became()
        for urn in found.looked_for:
            print(f"  {_name(urn)}: {became.get(urn, 'does not exist')}")
        return True

    def of_planned(self) -> bool:
        """What the next run would make: where Azure's answer was lost, it is there, and the state does not know that it was begun."""
        exported = self._export()
        preview = json.loads(
            _pulumi("preview", "--json", "--non-interactive", "--stack", self._stack, *self._config_file)
        )
        found = settled(exported, preview.get("steps") or [])
        if not found.planned:
            return True
        _list(found.planned, "the next run would make it in Azure; taken over if it exists already")
        if not self._may("Look for these, and let the stack own those that exist?"):
            return False
        self._write(exported, found, found.planned)
        became = self._became()
        for urn in found.planned:
            if urn in became:
                print(f"  {_name(urn)}: {became[urn]}")
        return True

    def _write(self, exported: dict[str, Any], found: Settled, targets: Sequence[str]) -> None:
        """Put it into the state, and let the provider say of each of ``targets`` whether it is there, and how."""
        self._import(found.document)
        if not targets:
            return
        refresh = ["refresh", "--yes", "--skip-preview", "--non-interactive", "--stack", self._stack]
        try:
            _pulumi(*refresh, *self._config_file, *(word for urn in targets for word in ("--target", urn)))
        except _Failed:
            # Without the notes of what was begun, which an import drops: what is in Azure is found among what is planned.
            self._import(exported)
            raise

    def _import(self, document: dict[str, Any]) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(document, file)
            file.flush()
            _pulumi("stack", "import", "--stack", self._stack, "--file", file.name)

    def _export(self) -> dict[str, Any]:
        return json.loads(_pulumi("stack", "export", "--stack", self._stack))

    def _became(self) -> dict[str, str]:
        """By URN, how each resource is that the state has now."""
        resources: list[dict[str, Any]] = self._export()["deployment"].get("resources") or []
        return {each["urn"]: _how(each) for each in resources}

    def _may(self, question: str) -> bool:
        return self._agreed or (
            sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        )


def _how(resource: dict[str, Any]) -> str:
    outputs: dict[str, Any] = resource.get("outputs") or {}
    state = outputs.get("provisioningState", "Succeeded")
    if state == "Succeeded":
        return "exists, and is in the state now"
    return f"exists and is {state}: before you go on, see docs/operations.md, Backup and recovery"


def _list(urns: Sequence[str], words: str) -> None:
    for urn in urns:
        print(f"  {_name(urn)}: {words}")


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _pulumi(*arguments: str) -> str:
    """What it prints. Raises _Failed with its own words."""
    command = shutil.which("pulumi")
    if command is None:
        raise _Failed("the command pulumi is not on PATH: https://www.pulumi.com/docs/install/")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join(filter(None, (done.stderr.strip(), done.stdout.strip())))
        lock = " Make sure that nobody runs the stack, then: pulumi cancel" if "locked" in said else ""
        raise _Failed(f"pulumi {' '.join(arguments[:2])} failed: {said}{lock}")
    return done.stdout


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.recover", description=__doc__)
    parser.add_argument("stack", help="for example prod-hub")
    parser.add_argument("--yes", action="store_true", help="do not ask before the state is written")
    parser.add_argument(
        "--config-file", type=Path, help="another stack file than the project's, as pulumi takes it"
    )
    return parser


if __name__ == "__main__":
    end(main)
