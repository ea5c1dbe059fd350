"""What is brought up once for all tests of a session: environments under the official engine, and a hub under the embedded."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.engine.workspace import Workspace
from sandbox.official.install import to_build
from sandbox.tests.integration import guests
from sandbox.tests.integration.servers import built
from sandbox.tests.integration.world import World
from sandbox.trustee.source import DeployedTrustee, of_stack


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    home = tmp_path_factory.mktemp("hub")
    up = [sys.executable, "-m", "sandbox", "up", "--stack", guests.HUB, "--home", str(home)]
    subprocess.run(up, cwd=guests.ROOT, check=True, stdout=subprocess.DEVNULL)
    return Workspace(guests.ROOT, home)


@pytest.fixture(scope="session")
def trustee(workspace: Workspace) -> DeployedTrustee:
    return of_stack(workspace, guests.HUB)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Hub and spoke are up under the official engine."""
    with _up(tmp_path_factory.mktemp("official")) as world:
        yield world


@pytest.fixture(scope="session")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Another hub and spoke, for tests in which commands are killed or fail, so that both kinds run side by side."""
    with _up(tmp_path_factory.mktemp("troubled")) as world:
        yield world


@contextmanager
def _up(folder: Path) -> Iterator[World]:
    """Whatever happens, no process is left."""
    built(*to_build(folder))
    world = World(folder)
    try:
        done = world.sandbox("up", "--env", "dev")
        assert done.code == 0, done.text
        yield world
    finally:
        world.environment.stand_ins.clusters.stop()
