"""What the command is told of a stack: a copy of its file with throw-away secrets in it, encrypted as `pulumi` does it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from sandbox.engine import throwaway
from sandbox.engine.errors import SandboxError
from sandbox.engine.passphrase import Keyring
from sandbox.engine.stackfile import StackFile
from sandbox.official.cli import Cli
from sandbox.official.standins import Official


class Stacks:
    """The stacks of the backend. The sandbox's keys and throw-away secrets are shared with the embedded engine."""

    def __init__(self, cli: Cli, keyring: Keyring, stand_ins: Official) -> None:
        self._cli = cli
        self._keyring = keyring
        self._stand_ins = stand_ins
        # A project of its own: `pulumi stack init` writes into the stack file of the project it is run in.
        self._project = cli.state / "project"

    def config_file(self, stack: str) -> Path:
        return self._project / "stacks" / f"Pulumi.{stack}.yaml"

    def configure(self, file: StackFile) -> list[str]:
        """Write the file for `--config-file` and make the stack; the keys of the secrets that nobody had given."""
        texts, _ = file.texts(self._keyring)
        missing = throwaway.missing_secrets(texts)
        kept = self._cli.home / "secrets" / f"{file.stack}.json"
        supplied = throwaway.supply(missing, texts, kept, self._keyring.default, self._stand_ins.azure)
        vault = self._keyring.vault(file.salt) if file.salt else self._keyring.default
        values = file.values | {key: {"secure": vault.encrypt(text)} for key, text in supplied.items()}
        path = self.config_file(file.stack)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"encryptionsalt": vault.salt, "config": values}, sort_keys=False))
        self._create(file.stack)
        return missing

    def names(self) -> list[str]:
        found: list[dict[str, Any]] = json.loads(self._cli.read("stack", "ls", "--json"))
        return [each["name"].rsplit("/", 1)[-1] for each in found]

    def outputs(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """Empty for a stack that is not up."""
        return self._asked("output", stack, "--json", show_secrets=show_secrets) or {}

    def export(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """Raises SandboxError for a stack that has never been brought up."""
        exported = self._asked("export", stack, show_secrets=show_secrets)
        if exported is None:
            raise SandboxError(f"the stack {stack} has never been brought up: make up ENGINE=pulumi")
        return exported

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """As in an export; empty for a stack that is not up."""
        return self._deployment(stack).get("resources") or []

    def pending(self, stack: str) -> list[dict[str, Any]]:
        """The operations that had begun and not ended when the last run was killed."""
        return self._deployment(stack).get("pending_operations") or []

    def _deployment(self, stack: str) -> dict[str, Any]:
        exported = self._asked("export", stack, show_secrets=False)
        return exported["deployment"] if exported else {}

    def _asked(self, what: str, stack: str, *more: str, show_secrets: bool) -> dict[str, Any] | None:
        if stack not in self.names():
            return None
        shown = ["--show-secrets"] if show_secrets else []
        return json.loads(self._cli.read("stack", what, "--stack", stack, *more, *shown))

    def _create(self, stack: str) -> None:
        if stack not in self.names():
            shutil.copy(self._cli.root / "Pulumi.yaml", self._project)
            self._cli.read("stack", "init", stack, "--no-select", "--non-interactive", cwd=self._project)
