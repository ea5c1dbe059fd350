"""Hub and spoke under the official engine, walked through by the tests of one session in the order of their files."""

import subprocess
from pathlib import Path
from typing import Any

from sandbox.apiserver.client import ApiClient
from sandbox.azure import AzureStandIn
from sandbox.engine.stackfile import StackFile
from sandbox.official.environment import Environment
from sandbox.official.recovery import recover
from sandbox.tests.integration.project import Done, OfficialProject

HUB, SPOKE, ADDED = "dev-hub", "dev-spoke", "dev-spoke-b"
TRUSTEE = "/api/v1/namespaces/trustee-operator-system"


class World:
    def __init__(self, folder: Path) -> None:
        self.project = OfficialProject(folder)
        self.environment = Environment(folder, self.project.home)
        self.said: list[str] = []
        """All that any command printed, to look for secrets in."""

    @property
    def azure(self) -> AzureStandIn:
        return self.environment.stand_ins.azure

    def sandbox(self, *arguments: str) -> Done:
        done = self.project.sandbox(*arguments, "--engine", "pulumi")
        self.said.append(done.text)
        return done

    def command(self, verb: str, stack: str, *more: str) -> list[str]:
        """A command of `pulumi`, its stack configured."""
        stacks, cli = self.environment.stacks, self.environment.cli
        stacks.configure(StackFile.of(self.environment.project, stack))
        config = str(stacks.config_file(stack))
        return [str(cli.pulumi), verb, "--stack", stack, "--config-file", config, *more]

    def pulumi(self, verb: str, stack: str, *more: str) -> Done:
        done = subprocess.run(
            self.command(verb, stack, *more),
            cwd=self.project.folder,
            env=self.environment.cli.environment(),
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said.append(done.stdout)
        return Done(done.returncode, done.stdout)

    def recover(self, stack: str) -> list[str]:
        """What `python -m sandbox up` does after a kill."""
        self.environment.stacks.configure(StackFile.of(self.environment.project, stack))
        return list(recover(self.environment.cli, self.environment.stacks, stack))

    def up(self, stack: str, *more: str) -> Done:
        """Without the preview before it; must succeed."""
        done = self.pulumi("up", stack, "--yes", "--skip-preview", *more)
        assert done.code == 0, done.text
        return done

    def unchanged(self, stack: str) -> None:
        done = self.pulumi("preview", stack, "--expect-no-changes")
        assert done.code == 0, done.text

    def stacks(self) -> list[str]:
        """Those that are up, in the order in which they go."""
        return [stack for stack in (ADDED, SPOKE, HUB) if self.environment.stacks.resources(stack)]

    def outputs(self, stack: str) -> dict[str, Any]:
        return self.environment.stacks.outputs(stack)

    def cluster(self, stack: str) -> ApiClient:
        return self.environment.stand_ins.clusters.server(f"coco-{stack}").client()

    def config_map(self, name: str) -> str:
        """All that is in one of Trustee's, in the hub."""
        return "\n".join(self.cluster(HUB).get(f"{TRUSTEE}/configmaps/{name}")["data"].values())
