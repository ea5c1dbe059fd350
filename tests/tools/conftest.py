"""The committed stacks, brought up once in a sandbox of their own."""

from pathlib import Path

import pytest

from sandbox.api import Sandbox
from tests.config.committed import ROOT


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox's state directory. What a test changes in it, it changes in a copy."""
    place = tmp_path_factory.mktemp("home")
    for run in (Sandbox(ROOT, place).up(), Sandbox(ROOT, place).up("dev-standalone")):
        assert run.succeeded, run.text
    return place
