from pathlib import Path

import pytest

from sandbox.engine import passphrase
from sandbox.tests.engine.toy import FEW_ROUNDS, Playground


@pytest.fixture
def playground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Playground:
    monkeypatch.setattr(passphrase, "_ROUNDS", FEW_ROUNDS)
    return Playground(tmp_path)
