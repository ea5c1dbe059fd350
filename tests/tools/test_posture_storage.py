"""What outlives pods is in the report, and what somebody must decide about it is a warning."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from tests.tools import deployed
from tools.posture import render_html, render_text, storage
from tools.posture.deployment import Deployment, Resource
from tools.posture.model import Saved, as_json

OUTPUTS = {
    "account": "cocodevhub",
    "keepDays": 7.0,  # over the engine's protocol every number is a float
    "credentialsUntil": "2027-06-30",
    "floors": {"ledger": 0.0, "shop": 12.0},
}
STORE = Resource(type="coco:hub:ObjectStore", name="object-store", id="", outputs=OUTPUTS)
SHOP = Saved(
    workload="shop",
    url="https://cocodevhub.blob.core.windows.net/coco-shop",
    floor=12,
    keep_days=7,
    credentials_until="2027-06-30",
)


@pytest.fixture
def hub(home: Path) -> Deployment:
    found = deployed.export(home, "dev-hub")
    return replace(found, resources=(*found.resources, STORE))


def test_each_workload_is_listed_with_its_store_and_its_floor(hub: Deployment) -> None:
    posture = deployed.posture(hub)
    assert posture.trusted is not None
    assert posture.trusted.saved[1] == SHOP
    assert as_json(posture)["trusted"]["saved"][1]["floor"] == 12
    out = Console(file=io.StringIO(), width=200, markup=False, highlight=False)
    render_text.show(posture, out, documents=False)
    text = cast(io.StringIO, out.file).getvalue()
    for shown in (text, render_html.page(posture, None, "", "", deployed.NOW)):
        assert "What outlives its pods" in shown
        assert SHOP.url in shown
        assert "0, or empty" in shown


def test_a_pod_that_may_start_empty_is_a_warning() -> None:
    found = list(storage.warnings([SHOP, replace(SHOP, workload="ledger", floor=0)], deployed.NOW))
    assert len(found) == 1
    assert "Pods of ledger start empty where the store shows no snapshot" in found[0]


@pytest.mark.parametrize(("day", "word"), [(31, "ends in 30 days"), (30, "")])
def test_a_credential_that_ends_soon_is_a_warning(day: int, word: str) -> None:
    found = list(storage.warnings([SHOP], datetime(2027, 5, day, tzinfo=UTC)))
    assert [word in one for one in found] == ([True] if word else [])


def test_a_credential_that_has_ended_is_a_warning() -> None:
    [found] = storage.warnings([SHOP], datetime(2027, 7, 1, tzinfo=UTC))
    assert "has ended (2027-06-30): then nothing is saved and no pod of it starts" in found


def test_a_hub_without_a_store_says_nothing_of_it(home: Path) -> None:
    posture = deployed.posture(deployed.export(home, "dev-hub"))
    assert posture.trusted is not None
    assert posture.trusted.saved == ()
    assert not [one for one in posture.warnings if "snapshot" in one]
