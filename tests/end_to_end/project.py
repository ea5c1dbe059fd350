"""The program in a folder of its own, brought up by the embedded engine in this process: the checkout stays as it is.

Only the stack files are copied; code and reference values are those of the checkout.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from sandbox.azure import AzureStandIn
from sandbox.engine import environment, passphrase
from sandbox.engine.environment import Selection
from sandbox.engine.state import Resource
from sandbox.engine.values import plain, replaced
from sandbox.engine.workspace import Workspace
from sandbox.openshift.clusters import StoreClusters
from sandbox.openshift.kinds import POD, Kind
from sandbox.openshift.objects import Manifest
from sandbox.tests.engine.toy import FEW_ROUNDS
from tests.config import edits
from tests.config.committed import ROOT

HUB, SPOKE = "coco-dev-hub", "coco-dev-spoke"
"""The clusters of dev-hub and dev-spoke."""


@dataclass(frozen=True)
class Run:
    succeeded: bool
    text: str


class Project:
    def __init__(self, root: Path, home: Path | None = None) -> None:
        self.root = root
        self.home = home or root / ".sandbox"

    @classmethod
    def fresh(cls, root: Path, home: Path | None = None) -> Project:
        """The committed stacks, none of them up unless `home` is that of another project."""
        (root / "stacks").mkdir(parents=True, exist_ok=True)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, root)
        for path in ROOT.glob("stacks/Pulumi.*.yaml"):
            shutil.copy(path, root / "stacks")
        return cls(root, home)

    def copy(self, root: Path) -> Project:
        """The same, to go on from here without changing this one."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Project(root)

    def configure(self, stack: str, changes: dict[str, Any]) -> None:
        """Set values in a stack file by path, such as cluster.version, or remove what is GONE."""
        path = self.root / f"stacks/Pulumi.{stack}.yaml"
        content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        edits.change(content["config"], changes)
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")

    def set_secret(self, stack: str, key: str, text: str) -> None:
        """As `pulumi config set --secret` writes it."""
        with self._cheap_encryption():
            vault = self.workspace.keyring.default
            self.configure(stack, {key: {"secure": vault.encrypt(text)}})
            salt = vault.salt
        path = self.root / f"stacks/Pulumi.{stack}.yaml"
        content = yaml.safe_load(path.read_text("utf-8"))
        path.write_text(yaml.safe_dump({**content, "encryptionsalt": salt}, sort_keys=False), "utf-8")

    def up(self, stack: str | None = None) -> Run:
        return self._run(environment.up, stack)

    def preview(self, stack: str | None = None) -> Run:
        return self._run(environment.preview, stack)

    def down(self, stack: str | None = None) -> Run:
        return self._run(environment.down, stack)

    def _run(self, act: Any, stack: str | None) -> Run:
        text = io.StringIO()
        out = Console(file=text, highlight=False, markup=False, soft_wrap=True, width=200)
        with self._cheap_encryption():
            workspace = self.workspace
            with workspace.locked():
                succeeded = act(workspace, Selection.of(workspace.project, "dev", stack), out)
        return Run(succeeded, text.getvalue())

    @staticmethod
    @contextmanager
    def _cheap_encryption() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(passphrase, "_ROUNDS", FEW_ROUNDS)
            yield

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root, self.home)

    @property
    def clusters(self) -> StoreClusters:
        return StoreClusters(self.home)

    def object(self, kind: Kind, name: str, namespace: str = "", *, cluster: str = HUB) -> Manifest:
        live = self.clusters.open(cluster).objects.get(kind, name, namespace)
        assert live is not None, f"{kind.kind} {name} is not there"
        return live

    def pods(self, namespace: str, *, cluster: str = HUB) -> set[str]:
        found = self.clusters.open(cluster).objects.all(POD, namespace)
        return {pod["metadata"]["name"] for pod in found}

    def azure(self) -> list[str]:
        """The ids of what is in the Azure stand-in."""
        return AzureStandIn(self.home / "azure.json", self.clusters).resources()

    def resources(self, stack: str) -> dict[str, Resource]:
        """By name; components, providers and reads too."""
        with self._cheap_encryption():
            return {
                resource.urn.rpartition("::")[2]: resource for resource in self.workspace.resources(stack)
            }

    def plain_resources(self, stack: str) -> dict[str, tuple[Any, Any]]:
        """Outputs and inputs by name, decrypted."""
        found = self.resources(stack).items()
        return {name: (plain(resource.outputs), plain(resource.inputs)) for name, resource in found}

    def shown_outputs(self, stack: str) -> Any:
        """As `make outputs` shows them."""
        with self._cheap_encryption():
            return replaced(self.workspace.outputs(stack), lambda _: "[secret]")

    def outputs(self, stack: str) -> dict[str, Any]:
        with self._cheap_encryption():
            return plain(self.workspace.outputs(stack))

    def files(self) -> dict[str, bytes]:
        """The state of the stacks and what is there, byte for byte."""
        paths = [*self.home.glob("stacks/*"), *self.home.glob("clusters/*"), *self.home.glob("azure.json")]
        return {str(path.relative_to(self.home)): path.read_bytes() for path in sorted(paths)}


def changes(text: str) -> dict[str, str]:
    """From what people see, the resources that change: name -> symbol (+ ~ ± -), components apart."""
    found = re.findall(r"^[ │├└─]+([+~±-]) (\S+)  (?!coco:)\S+:", text, re.MULTILINE)
    return {name: symbol for symbol, name in found}
