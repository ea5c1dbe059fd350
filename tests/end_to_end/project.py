"""The program in a folder of its own, brought up by the embedded engine in this process: the checkout stays as it is.

Only the stack files are copied; code and reference values are those of the checkout.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from sandbox.api import Cluster, Manifest, Record, Run, Sandbox
from tests.config import edits
from tests.config.committed import ROOT

HUB, SPOKE = "coco-dev-hub", "coco-dev-spoke"
"""The clusters of dev-hub and dev-spoke."""


FEW_ROUNDS = 10
"""Of key derivation: what is tested is that secrets are encrypted, not how well."""


class CommittedProject:
    def __init__(self, root: Path, home: Path | None = None) -> None:
        self.root = root
        self.home = home or root / ".sandbox"

    @classmethod
    def fresh(cls, root: Path, home: Path | None = None) -> CommittedProject:
        """The committed stacks, none of them up unless `home` is that of another project."""
        (root / "stacks").mkdir(parents=True, exist_ok=True)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, root)
        for path in ROOT.glob("stacks/Pulumi.*.yaml"):
            shutil.copy(path, root / "stacks")
        # Commands run in the project's folder, and name these.
        scripts = "components/cluster/openshift_install"
        shutil.copytree(ROOT / scripts, root / scripts, dirs_exist_ok=True)
        return cls(root, home)

    @classmethod
    def with_stacks(cls, root: Path, *stacks: str) -> CommittedProject:
        """A fresh one in which `stacks` are up, one after the other."""
        project = cls.fresh(root)
        project.bring_up(*stacks)
        return project

    def bring_up(self, *stacks: str) -> None:
        """Each of `stacks`, one after the other; they must come up."""
        for stack in stacks:
            run = self.up(stack)
            assert run.succeeded, run.text

    def copy(self, root: Path) -> CommittedProject:
        """The same, to go on from here without changing this one."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return CommittedProject(root)

    def configure(self, stack: str, changes: dict[str, Any]) -> None:
        """Set values in a stack file by path, such as cluster.version, or remove what is GONE."""
        path = self.root / f"stacks/Pulumi.{stack}.yaml"
        content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        edits.change(content["config"], changes)
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")

    def set_secret(self, stack: str, key: str, text: str) -> None:
        """As `pulumi config set --secret` writes it."""
        ciphertext, salt = self.sandbox.encrypted(text)
        self.configure(stack, {key: {"secure": ciphertext}})
        path = self.root / f"stacks/Pulumi.{stack}.yaml"
        content = yaml.safe_load(path.read_text("utf-8"))
        path.write_text(yaml.safe_dump({**content, "encryptionsalt": salt}, sort_keys=False), "utf-8")

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.root, self.home, key_rounds=FEW_ROUNDS)

    def up(self, stack: str | None = None) -> Run:
        return self.sandbox.up(stack)

    def preview(self, stack: str | None = None) -> Run:
        return self.sandbox.preview(stack)

    def down(self, stack: str | None = None) -> Run:
        return self.sandbox.down(stack)

    def cluster(self, name: str = HUB) -> Cluster:
        return self.sandbox.clusters[name]

    def object(self, kind: str, name: str, namespace: str = "", *, cluster: str = HUB) -> Manifest:
        live = self.cluster(cluster).get(kind, name, namespace)
        assert live is not None, f"{kind} {name} is not there"
        return live

    def pods(self, namespace: str, *, cluster: str = HUB) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.cluster(cluster).list("Pod", namespace)}

    def azure(self) -> list[str]:
        """The ids of what is in the Azure stand-in."""
        return self.sandbox.azure.ids()

    def resources(self, stack: str) -> dict[str, Record]:
        """By name; components, providers and reads too."""
        return {resource.urn.rpartition("::")[2]: resource for resource in self.sandbox.resources(stack)}

    def shown_outputs(self, stack: str) -> Any:
        """As `make outputs` shows them."""
        return self.sandbox.outputs(stack, secret=lambda _: "[secret]")

    def outputs(self, stack: str) -> dict[str, Any]:
        return self.sandbox.outputs(stack)

    def files(self) -> dict[str, bytes]:
        """The state of the stacks and what is there, byte for byte."""
        paths = [*self.home.glob("stacks/*"), *self.home.glob("clusters/*"), *self.home.glob("azure.json")]
        return {str(path.relative_to(self.home)): path.read_bytes() for path in sorted(paths)}


ROLLS = {"trustee-kbs": "~", "trustee-pods": "±"}
"""What changes when Trustee's pods roll, and are waited for."""


def changes(text: str) -> dict[str, str]:
    """From what people see, the resources that change: name -> symbol (+ ~ ± -), components apart."""
    found = re.findall(r"^[ │├└─]+([+~±-]) (\S+)  (?!coco:)\S+:", text, re.MULTILINE)
    return {name: symbol for symbol, name in found}
