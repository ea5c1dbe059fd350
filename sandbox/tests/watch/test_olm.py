"""OLM itself is started with the catalogue that the model has, and started again after it ended."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.apiserver.process import Process
from sandbox.openshift.kinds import crd_name
from sandbox.openshift.objects import Objects
from sandbox.openshift.reactions.catalog import PACKAGES
from sandbox.watch import olm
from sandbox.watch.olm import Olm, catalogue

SLEEP = "import sys, time; print(sys.argv[1:], flush=True); time.sleep(60)"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Olm]:
    """Its program is one that says how it was started, and sleeps."""
    start = Process.start

    def instead(process: Process, command: list[str], environment: Any = None) -> None:
        start(process, [sys.executable, "-c", SLEEP, *command])

    monkeypatch.setattr(Process, "start", instead)
    yield Olm(tmp_path)
    Process(tmp_path, olm.NAME).stop()


def pid(folder: Path) -> int | None:
    return Process(folder, olm.NAME).pid()


def test_it_runs_from_the_first_and_reads_the_catalogue_of_its_cluster(tmp_path: Path, runs: Olm) -> None:
    assert runs.react(Objects()) == []
    assert pid(tmp_path)
    deadline = time.monotonic() + 5
    while not (said := Process(tmp_path, olm.NAME).last_words()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert f"'--catalogue', '{tmp_path / 'catalogue.json'}'" in said
    assert "'--source', 'redhat-operators', '--namespace', 'openshift-marketplace'" in said
    assert json.loads((tmp_path / "catalogue.json").read_text()) == catalogue()


def test_it_is_started_again_after_it_ended_but_not_at_once(
    tmp_path: Path, runs: Olm, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.react(Objects())
    first = pid(tmp_path)
    Process(tmp_path, olm.NAME).stop()
    runs.react(Objects())
    assert pid(tmp_path) is None, "one that ends at once must not be started again and again"
    monkeypatch.setattr(olm, "PAUSE", 0)
    runs.react(Objects())
    assert pid(tmp_path) not in (None, first)


def test_the_catalogue_has_every_version_of_every_channel_with_the_graph_that_the_model_follows() -> None:
    bundles = {
        (one["packageName"], one["channelName"], one["version"]): one for one in catalogue()["bundles"]
    }
    wanted = {
        (package.name, channel, bundle.version): (package, bundle)
        for package in PACKAGES.values()
        for channel, versions in package.channels.items()
        for bundle in versions
    }
    assert bundles.keys() == wanted.keys()
    for key, (package, bundle) in wanted.items():
        found = bundles[key]
        assert found["csvName"] == package.csv_name(bundle.version)
        assert found["replaces"] == (package.csv_name(bundle.replaces) if bundle.replaces else "")
        assert bool(found["skipRange"]) == (bundle.skip_range is not None)
        csv, *definitions = (json.loads(text) for text in found["object"])
        assert csv["spec"]["version"] == bundle.version
        assert {one["metadata"]["name"] for one in definitions} == {crd_name(kind) for kind in package.kinds}
        assert {one["name"] for one in csv["spec"]["customresourcedefinitions"]["owned"]} == {
            crd_name(kind) for kind in package.kinds
        }


def test_each_package_has_its_channels_with_their_heads() -> None:
    for one in catalogue()["packages"]:
        package = PACKAGES[one["packageName"]]
        assert {each["name"]: each["currentCSV"] for each in one["channels"]} == {
            channel: package.head(channel) for channel in package.channels
        }
        assert one["defaultChannel"] in package.channels
