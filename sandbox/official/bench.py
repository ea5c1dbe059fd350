"""What the program costs under `pulumi`, beside the least that any program with its three SDKs costs.

The floor is a program that declares one resource of each SDK on the same stand-ins and the same API server.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from sandbox.engine.display import console
from sandbox.engine.environment import Selection
from sandbox.engine.errors import SandboxError
from sandbox.official.cli import Cli
from sandbox.official.environment import Environment

STACKS: Final = ("dev-hub", "dev-spoke")
ROUNDS: Final = 4
COMMANDS: Final = {"preview": (), "up": ("--yes", "--skip-preview")}
_FLOOR: Final = """
import pulumi, pulumi_azure_native as azure, pulumi_kubernetes as kubernetes, pulumi_random as random

azure.resources.ResourceGroup("group", resource_group_name="floor", location="eastus2")
random.RandomId("id", byte_length=8)
kubernetes.core.v1.ConfigMap(
    "map",
    metadata={"name": "floor", "namespace": "default"},
    data={"floor": "1"},
    opts=pulumi.ResourceOptions(provider=kubernetes.Provider("cluster", kubeconfig="kubeconfig")),
)
"""


def ratios(project: Path, home: Path) -> dict[str, float]:
    """How many times the floor's seconds `pulumi` takes, by `<command> of <stack>`, all from one run in `home`.

    Everything is up before: a preview without changes, and an `up` with nothing to do, because what a first one waits for is
    the operators' time. Raises SandboxError where something is missing or fails. What it made is deleted again. What is said on the way is
    in the file bench.log of `home`.
    """
    environment = Environment(project, home)
    selection = Selection.of(environment.project, "dev", None)
    log = home / "bench.log"
    with log.open("w", encoding="utf-8") as file, environment.ready(out := console(file=file)):
        try:
            if not environment.up(selection, out):
                file.flush()
                raise SandboxError(
                    f"`up` of dev failed, so there is nothing to measure:\n{log.read_text('utf-8')[-4000:]}"
                )
            floor = _floor(environment)
            measured: dict[str, float] = {}
            for command, more in COMMANDS.items():
                best = _best(environment, floor, command, more)
                measured |= {f"{command} of {stack}": best[stack] / best["floor"] for stack in STACKS}
            floor.read("destroy", "--yes", "--skip-preview", "--stack", "floor")
            return measured
        finally:
            environment.down(selection, out)
            environment.stand_ins.clusters.stop()


def _floor(environment: Environment) -> Cli:
    """The command in the floor's folder, its stack up."""
    folder = environment.home / "floor"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    runtime = {"name": "python", "options": {"virtualenv": str(environment.project.root / ".venv")}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "floor", "runtime": runtime}))
    (folder / "__main__.py").write_text(_FLOOR)
    (folder / "kubeconfig").write_text(environment.stand_ins.clusters.kubeconfig(f"coco-{STACKS[0]}"))
    floor = replace(environment.cli, root=folder)
    floor.read("stack", "init", "floor", "--no-select", "--non-interactive")
    floor.read("up", "--yes", "--skip-preview", "--stack", "floor")
    return floor


def _best(environment: Environment, floor: Cli, command: str, more: tuple[str, ...]) -> dict[str, float]:
    """Seconds by stack; all in turn, so that what else the machine does meets each of them. The first round warms up."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for stack in ("floor", *STACKS):
            cli = floor if stack == "floor" else environment.cli
            file = () if stack == "floor" else ("--config-file", str(environment.stacks.config_file(stack)))
            started = time.perf_counter()
            cli.read(command, "--stack", stack, *file, *more)
            best[stack] = min(best.get(stack, float("inf")), time.perf_counter() - started)
    return best
