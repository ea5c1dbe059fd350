"""A key for each zone, with the official command: a spoke reads the contract of its hub, and cannot read the hub itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sandbox.official.cli import Cli
from sandbox.tests.integration.servers import pulumi_command
from sandbox.tests.integration.transit import transit
from tests.config.committed import ROOT
from tests.program.roles import HUB_OUTPUTS

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("keys")]
SECRET = "canary-that-only-the-hub-may-read"
PUBLISHED = {**HUB_OUTPUTS, "images": {"document": None, **HUB_OUTPUTS["images"]}, "peers": []}
_HUB = f"""
import json, pathlib, pulumi
for name, value in json.loads(pathlib.Path("outputs.json").read_text()).items():
    pulumi.export(name, value)
pulumi.export("kubeconfig", pulumi.Output.secret("{SECRET}"))
"""


@dataclass(frozen=True, kw_only=True)
class Zones:
    """Projects in folders of their own, one backend, a key for each zone."""

    folder: Path
    address: str
    command: Path

    def pulumi(self, zone: str, whose: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command in the folder of `zone`, with the rights of `whose` token."""
        cli = Cli(pulumi=self.command, root=self.folder / zone, home=self.folder / "home")
        # The names that gocloud.dev has had for the same two.
        vault = {
            f"{prefix}_{name}": value
            for prefix, names in {"VAULT": ("ADDR", "TOKEN"), "VAULT_SERVER": ("URL", "TOKEN")}.items()
            for name, value in zip(names, (self.address, whose), strict=True)
        }
        return subprocess.run(
            [str(cli.pulumi), *arguments, "--non-interactive"],
            cwd=cli.root,
            env=cli.environment() | vault | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    def project(self, zone: str, main: str, config: dict[str, object]) -> None:
        folder = self.folder / zone
        folder.mkdir()
        runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "coco", "runtime": runtime}))
        (folder / "__main__.py").write_text(main)
        (folder / "outputs.json").write_text(json.dumps(PUBLISHED))
        (folder / f"Pulumi.{zone}.yaml").write_text(yaml.safe_dump({"config": config}))
        made = self.pulumi(zone, zone, "stack", "init", zone, "--secrets-provider", f"hashivault://{zone}")
        assert made.returncode == 0, made.stderr


def _contract_of(stack: str) -> dict[str, object]:
    return {"coco:role": "contract", "coco:hub": f"organization/coco/{stack}"}


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> Generator[Zones, None, None]:
    """A hub, its contract, both up; and a reader that may use the contract's key and no other but its own."""
    tokens = {
        "test-hub": frozenset({"test-hub", "test-contract"}),
        "test-contract": frozenset({"test-hub", "test-contract"}),
        "test-spoke": frozenset({"test-spoke", "test-contract"}),
    }
    folder, command = tmp_path_factory.mktemp("zones"), pulumi_command()
    # The language host is started from the checkout.
    Cli(pulumi=command, root=ROOT, home=folder / "home").prepare()
    with transit(tokens) as address:
        zones = Zones(folder=folder, address=address, command=command)
        program = (ROOT / "__main__.py").read_text("utf-8")
        zones.project("test-hub", _HUB, {})
        zones.project("test-contract", program, _contract_of("test-hub"))
        spoke = yaml.safe_load((ROOT / "stacks/Pulumi.dev-spoke.yaml").read_text("utf-8"))["config"]
        zones.project("test-spoke", program, spoke)
        for zone in ("test-hub", "test-contract"):
            up = zones.pulumi(zone, zone, "up", "--yes", "--skip-preview", "--stack", zone)
            assert up.returncode == 0, up.stdout + up.stderr
        yield zones


def _outputs(zones: Zones, zone: str, whose: str) -> subprocess.CompletedProcess[str]:
    return zones.pulumi(zone, whose, "stack", "output", "--json", "--stack", zone)


def _read_as_a_spoke(zones: Zones, hub: str) -> subprocess.CompletedProcess[str]:
    """A preview of a stack that reads `hub` with the rights of a spoke."""
    file = zones.folder / "test-spoke/Pulumi.test-spoke.yaml"
    content = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**content, "config": _contract_of(hub)}))
    return zones.pulumi("test-spoke", "test-spoke", "preview", "--stack", "test-spoke")


def test_the_contract_repeats_the_hub_and_holds_no_secret_of_it(zones: Zones) -> None:
    assert json.loads(_outputs(zones, "test-contract", "test-spoke").stdout) == PUBLISHED
    states = zones.folder / "home/pulumi/backend/.pulumi/stacks/coco"
    assert "ciphertext" in (states / "test-hub.json").read_text()
    assert "ciphertext" not in (states / "test-contract.json").read_text()


def test_a_spoke_reads_the_contract_without_the_key_of_the_hub(zones: Zones) -> None:
    done = _read_as_a_spoke(zones, "test-contract")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_spoke_that_names_the_hub_is_told_that_the_right_to_its_key_is_missing(zones: Zones) -> None:
    shown = zones.pulumi("test-hub", "test-spoke", "stack", "output", "--show-secrets", "--stack", "test-hub")
    assert SECRET not in shown.stdout, "the stand-in for Vault let a stranger use the key"
    done = _read_as_a_spoke(zones, "test-hub")
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert "the right to decrypt with the key of its state is missing" in said, said
    assert "name in coco:hub the contract of the hub" in said
    assert "has been brought up" not in said
    assert SECRET not in said


def test_a_hub_that_is_not_there_is_still_told_apart_from_one_that_may_not_be_read(zones: Zones) -> None:
    done = _read_as_a_spoke(zones, "never")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "run `pulumi up --stack never` first" in said, said
