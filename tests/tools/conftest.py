"""The committed stacks, brought up once in a sandbox of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.committed import ROOT


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox's state directory. What a test changes in it, it changes in a copy."""
    place = tmp_path_factory.mktemp("home")
    for which in (["--env", "dev"], ["--stack", "dev-standalone"]):
        command = [sys.executable, "-m", "sandbox", "up", *which, "--home", str(place)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return place
