"""The committed hub, brought up once in a sandbox of the tests' own."""

import subprocess
import sys

import pytest

from sandbox.engine.workspace import Workspace
from sandbox.trustee.source import Trustee, of_stack
from tests.integration.guests import HUB, ROOT


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    home = tmp_path_factory.mktemp("hub")
    up = [sys.executable, "-m", "sandbox", "up", "--stack", HUB, "--home", str(home)]
    subprocess.run(up, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return Workspace(ROOT, home)


@pytest.fixture(scope="session")
def trustee(workspace: Workspace) -> Trustee:
    return of_stack(workspace, HUB)
