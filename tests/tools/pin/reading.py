"""Reads team/web from a registry on loopback, as make pin does."""

from datetime import UTC, datetime

import pytest

from model.workloads.lock import LockedImage
from tests.tools import oci
from tests.tools.oci import Fake, Person
from tools.pin.errors import PinError
from tools.pin.registry import read

NOW = datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)
WEB = oci.image()


def image(fake: Fake, someone: Person, version: str = ":1") -> LockedImage:
    return read(f"{fake.address}/team/web{version}", NOW, someone.environment)


def refusal(fake: Fake, someone: Person, version: str = ":1") -> str:
    with pytest.raises(PinError) as caught:
        image(fake, someone, version)
    text = str(caught.value)
    assert "canary" not in text
    assert "\n" not in text
    return text
