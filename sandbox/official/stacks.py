"""What the command is told of a stack: a copy of its file with throw-away secrets in it, encrypted as `pulumi` does it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.engine import throwaway
from sandbox.engine.errors import SandboxError
from sandbox.engine.stackfile import StackFile

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.engine.passphrase import Keyring
    from sandbox.engine.providers import StandIns
    from sandbox.official.cli import Cli


def write_config(
    file: StackFile, path: Path, *, keyring: Keyring, secrets: Path, stand_ins: StandIns
) -> list[str]:
    """Write the file for `--config-file`; the keys of the secrets that nobody had given. `secrets` keeps those, encrypted."""
    texts, _ = file.texts(keyring)
    missing = throwaway.missing_secrets(texts)
    supplied = throwaway.supply(missing, texts, secrets, keyring.default, stand_ins)
    vault = keyring.vault(file.salt) if file.salt else keyring.default
    values = file.values | {key: {"secure": vault.encrypt(text)} for key, text in supplied.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        yaml.safe_dump({"encryptionsalt": file.salt or vault.salt, "config": values}, sort_keys=False)
    )
    path.chmod(0o600)
    return missing


class Stacks:
    """The stacks of the backend."""

    def __init__(self, cli: Cli) -> None:
        self._cli = cli
        # A project of its own: `pulumi stack init` writes into the stack file of the project it is run in.
        self._project = cli.state / "project"

    def config_file(self, stack: str) -> Path:
        return self._project / "stacks" / f"Pulumi.{stack}.yaml"

    def names(self) -> list[str]:
        found: list[dict[str, Any]] = json.loads(self._cli.read("stack", "ls", "--json"))
        return [each["name"].rsplit("/", 1)[-1] for each in found]

    def create(self, stack: str) -> None:
        """Nothing happens when it is there already."""
        if stack in self.names():
            return
        self._project.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._cli.root / "Pulumi.yaml", self._project)
        self._cli.read("stack", "init", stack, "--no-select", "--non-interactive", cwd=self._project)

    def outputs(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """None for a stack that is not up."""
        if stack not in self.names():
            return {}
        more = ["--show-secrets"] if show_secrets else []
        return json.loads(self._cli.read("stack", "output", "--json", "--stack", stack, *more))

    def export(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """Raises SandboxError for a stack that has never been brought up."""
        if stack not in self.names():
            raise SandboxError(f"the stack {stack} has never been brought up: make up ENGINE=pulumi")
        more = ["--show-secrets"] if show_secrets else []
        return json.loads(self._cli.read("stack", "export", "--stack", stack, *more))

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """None for a stack that is not up."""
        if stack not in self.names():
            return []
        return self.export(stack)["deployment"].get("resources") or []
