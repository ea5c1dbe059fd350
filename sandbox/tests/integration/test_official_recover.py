"""`make recover` with the official command, after a run that ended between a create in Azure and its record in the state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.official.cli import Cli
from sandbox.tests.integration.servers import pulumi_command
from tests.config.committed import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("recover")]
_PROGRAM = """
import pulumi, pulumi_azure_native as azure

provider = azure.Provider("azure", subscription_id="00000000-0000-4000-8000-000000000001")
own = pulumi.ResourceOptions(provider=provider)
group = azure.resources.ResourceGroup("group", resource_group_name="coco-lost", location="eastus2", opts=own)
azure.network.VirtualNetwork(
    "vnet", virtual_network_name="coco-lost-vnet", resource_group_name=group.name, location="eastus2",
    address_space={"address_prefixes": ["10.9.0.0/16"]}, opts=pulumi.ResourceOptions(provider=provider, ignore_changes=["subnets"]),
)
"""


@dataclass(frozen=True, kw_only=True)
class Lost:
    cli: Cli

    @classmethod
    def at(cls, folder: Path) -> Lost:
        command = pulumi_command()
        project, home = folder / "project", folder / "home"
        project.mkdir()
        runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
        (project / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "lost", "runtime": runtime}))
        (project / "__main__.py").write_text(_PROGRAM)
        home.mkdir()
        (home / "passphrase").write_text("of a test")
        # The stand-in of azure-native is started from the checkout.
        Cli(pulumi=command, root=ROOT, home=home).prepare()
        made = cls(cli=Cli(pulumi=command, root=project, home=home))
        made.cli.read("stack", "init", "test", "--non-interactive")
        return made

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(self._command(*arguments))

    def recover(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "tools.recover", "test", *arguments])

    def order(self, **order: Any) -> None:
        """What becomes of the create of the network in the stand-in for Azure."""
        network = {
            "op": "create",
            "type": "azure-native:network:VirtualNetwork",
            "code": "InternalServerError",
        }
        (self.cli.home / "pulumi/faults.json").write_text(json.dumps([{**network, **order}]))

    def kill(self, when: Callable[[], bool]) -> None:
        """Bring the stack up, and kill the engine as soon as ``when`` holds."""
        with subprocess.Popen(
            self._command("up", "--yes", "--skip-preview"),
            cwd=self.cli.root,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as up:
            end = time.monotonic() + 60
            while not when():
                assert up.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
            up.kill()
        assert [each["type"] for each in self.pending()] == ["creating"]
        assert self.pulumi("cancel", "--yes").returncode == 0

    def pending(self) -> list[dict[str, Any]]:
        file = self.cli.home / "pulumi/backend/.pulumi/stacks/lost/test.json"
        try:
            return json.loads(file.read_text())["checkpoint"]["latest"].get("pending_operations") or []
        except (FileNotFoundError, json.JSONDecodeError, AttributeError):
            return []

    def made(self) -> bool:
        cloud = self.cli.home / "pulumi/azure.json"
        return cloud.exists() and "coco-lost-vnet" in cloud.read_text()

    def _command(self, *arguments: str) -> list[str]:
        verb, *more = arguments
        stack = ["test"] if verb == "cancel" else ["--stack", "test"]
        return [str(self.cli.pulumi), verb, *stack, *more, "--non-interactive"]

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.cli.root, env=self._environment(), capture_output=True, text=True, check=False
        )

    def _environment(self) -> dict[str, str]:
        environment = self.cli.environment() | {"PYTHONPATH": str(ROOT)}
        return environment | {"PATH": f"{self.cli.pulumi.parent}{os.pathsep}{environment['PATH']}"}


@pytest.fixture
def lost(tmp_path: Path) -> Lost:
    return Lost.at(tmp_path)


def refused(lost: Lost) -> None:
    up = lost.pulumi("up", "--yes", "--skip-preview")
    assert up.returncode != 0
    assert "cannot create already existing resource" in up.stdout + up.stderr


def taken_over(lost: Lost) -> None:
    done = lost.recover("--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "vnet: exists, and is in the state now" in done.stdout
    after = lost.pulumi("preview", "--expect-no-changes")
    assert after.returncode == 0, after.stdout + after.stderr


def test_what_a_killed_run_had_made_is_taken_over_and_the_next_run_changes_nothing(lost: Lost) -> None:
    lost.order(after=True, hold=60)
    lost.kill(lost.made)
    asked = lost.recover()
    assert asked.returncode == 1
    assert "vnet: may have been made" in asked.stdout
    assert lost.pending(), "nothing is written before somebody agrees"
    taken_over(lost)


def test_without_that_the_next_run_is_refused_and_it_still_helps_after_it(lost: Lost) -> None:
    lost.order(after=True, hold=60)
    lost.kill(lost.made)
    refused(lost)
    taken_over(lost)


def test_what_was_made_without_an_answer_is_taken_over_too(lost: Lost) -> None:
    lost.order(after=True)
    assert lost.pulumi("up", "--yes", "--skip-preview").returncode != 0
    refused(lost)
    asked = lost.recover()
    assert asked.returncode == 1
    assert "vnet: the next run would make it" in asked.stdout
    taken_over(lost)


def test_what_a_killed_run_had_only_begun_is_made_by_the_next(lost: Lost) -> None:
    lost.order(hold=60)
    lost.kill(lambda: bool(lost.pending()) and "virtualNetwork" in json.dumps(lost.pending()))
    done = lost.recover("--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "vnet: does not exist" in done.stdout
    up = lost.pulumi("up", "--yes", "--skip-preview")
    assert up.returncode == 0, up.stdout + up.stderr
    again = lost.recover("--yes")
    assert "No operation of test was interrupted" in again.stdout
