from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.tests.azure.zone import Zone


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path)


@pytest.fixture
def whole(zone: Zone) -> Zone:
    zone.make_all()
    return zone
