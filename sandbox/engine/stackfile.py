"""A stack's configuration as the CLI hands it to a program: texts by full key, objects as JSON, and which
keys are secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from config import stack_yaml
from config.stack_yaml import StackYamlError
from sandbox.engine.errors import SandboxError
from sandbox.engine.passphrase import Keyring, PassphraseCipher
from sandbox.shapes import is_list, is_map, map_in


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """What Pulumi.yaml says."""

    root: Path
    name: str
    stacks: Path
    """The folder of the stack files."""

    @classmethod
    def at(cls, root: Path) -> ProjectFile:
        """Raises SandboxError when there is no Pulumi.yaml."""
        path = root / "Pulumi.yaml"
        if not path.exists():
            raise SandboxError(f"there is no Pulumi.yaml in {root}: run this in the folder of the project")
        try:
            settings = yaml.safe_load(path.read_text("utf-8"))
            return cls(root=root, name=settings["name"], stacks=root / settings.get("stackConfigDir", "."))
        except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError, AttributeError, RecursionError):
            raise SandboxError(
                f"{path} is not the file of a project, YAML with a name: put it back as it was committed"
            ) from None

    def stack_names(self) -> list[str]:
        paths = sorted(self.stacks.glob("Pulumi.*.yaml"))
        return [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in paths]


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """One stack's file."""

    stack: str
    values: dict[str, Any]
    """By full key such as `coco:network`, as in the YAML."""
    salt: str | None

    @property
    def role(self) -> str:
        """Empty where there is none. One that is no text is not shown: it may be a secret."""
        found = next((value for key, value in self.values.items() if key.endswith(":role")), "")
        return found if isinstance(found, str) else ""

    @classmethod
    def of(cls, project: ProjectFile, stack: str) -> StackFile:
        """Raises SandboxError when there is no such stack, or its file is not YAML with a mapping `config`."""
        path = project.stacks / f"Pulumi.{stack}.yaml"
        if not path.exists():
            known = ", ".join(project.stack_names()) or "none"
            raise SandboxError(
                f"no stack named '{stack}' found: {path} does not exist. Stacks there: {known}"
            )
        try:
            content = stack_yaml.read(path)
        except StackYamlError as error:
            raise SandboxError(str(error)) from None
        salt = content.get("encryptionsalt")
        if salt is not None and not isinstance(salt, str):
            raise SandboxError(f"{path}: encryptionsalt must be text, as the pulumi command wrote it")
        config = map_in(content, "config")
        values = {key if ":" in key else f"{project.name}:{key}": value for key, value in config.items()}
        return cls(stack=stack, values=values, salt=salt)

    def texts(self, keyring: Keyring) -> tuple[dict[str, str], frozenset[str]]:
        """The values as the CLI passes them, `secure:` ones decrypted, and the keys that hold one.

        Raises SandboxError when a value cannot be decrypted with the sandbox's passphrase.
        """
        vault = keyring.vault(self.salt) if self.salt else keyring.default
        secret = frozenset(key for key, value in self.values.items() if _is_secure(value))
        return {key: _text(_decrypted(value, vault, key)) for key, value in self.values.items()}, secret


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _is_secure(value: Any) -> bool:
    match value:
        case {"secure": str()}:
            return True
        case _ if is_map(value):
            return any(map(_is_secure, value.values()))
        case _ if is_list(value):
            return any(map(_is_secure, value))
        case _:
            return False


def _decrypted(value: Any, vault: PassphraseCipher, place: str) -> Any:
    match value:
        case _ if is_map(value) and list(value) == ["secure"] and isinstance(value["secure"], str):
            try:
                return vault.decrypt(value["secure"])
            except SandboxError as error:
                raise SandboxError(f"{place}: {error}") from None
        case _ if is_map(value):
            return {key: _decrypted(item, vault, f"{place}.{key}") for key, item in value.items()}
        case _ if is_list(value):
            return [_decrypted(item, vault, f"{place}[{index}]") for index, item in enumerate(value)]
        case _:
            return value
