"""cert-manager itself runs exactly while its operator is installed, and its operands are there once its webhook is trusted."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.apiserver.client import ApiError
from sandbox.apiserver.process import Process
from sandbox.openshift.objects import Manifest, Objects, Put
from sandbox.tests.openshift.cluster import CERT_MANAGER, Api
from sandbox.watch import cert_manager
from sandbox.watch.cert_manager import CertManager

SLEEP = "import sys, time; print(sys.argv[1:], flush=True); time.sleep(60)"
OPERANDS = {"cert-manager", "cert-manager-cainjector", "cert-manager-webhook"}
CONFIGURATIONS = {"validatingwebhookconfigurations", "mutatingwebhookconfigurations"}


class Client:
    """An API server that takes everything, Issuers only once their webhook is `trusted`."""

    def __init__(self) -> None:
        self.trusted = False
        self.webhooks: dict[str, Manifest] = {}

    def apply(self, path: str, manifest: Manifest, *, manager: str, dry_run: bool = False) -> Manifest:
        if "/issuers/" in path:
            assert dry_run
            if not self.trusted:
                raise ApiError(500, "InternalError", "x509: certificate signed by unknown authority")
        else:
            self.webhooks[path.split("/")[-2]] = manifest
        return manifest

    def delete(self, path: str) -> None:
        self.webhooks.pop(path.split("/")[-2], None)


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path / "clusters")


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def runs(tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[CertManager]:
    """Its program is one that says how it was started, and sleeps."""
    start = Process.start

    def instead(process: Process, command: list[str], environment: Any = None) -> None:
        start(process, [sys.executable, "-c", SLEEP, *command])

    monkeypatch.setattr(Process, "start", instead)
    made: Any = CertManager(tmp_path, client)  # pyright: ignore[reportArgumentType]
    yield made
    Process(tmp_path, cert_manager.NAME).stop()


def pid(tmp_path: Path) -> int | None:
    return Process(tmp_path, cert_manager.NAME).pid()


def installed(api: Api) -> Objects:
    api.install(CERT_MANAGER)
    return api.cluster.objects


def test_nothing_runs_before_the_operator_is_installed(
    tmp_path: Path, runs: CertManager, client: Client
) -> None:
    assert runs.react(Objects()) == []
    assert pid(tmp_path) is None
    assert client.webhooks == {}


def test_it_runs_with_its_webhooks_and_the_operands_come_when_these_are_trusted(
    tmp_path: Path, runs: CertManager, client: Client, api: Api
) -> None:
    there = installed(api)
    objects = Objects(one for one in there if one["kind"] not in ("Deployment", "Service"))
    assert runs.react(objects) == []
    started = pid(tmp_path)
    assert started
    assert set(client.webhooks) == CONFIGURATIONS
    for one in client.webhooks.values():
        (webhook,) = one["webhooks"]
        assert webhook["failurePolicy"] == "Fail"
        assert webhook["clientConfig"]["url"].startswith("https://localhost:")
        assert (
            one["metadata"]["annotations"]["cert-manager.io/inject-ca-from-secret"]
            == "cert-manager/cert-manager-webhook-ca"
        )
    client.trusted = True
    made = [effect.object for effect in runs.react(objects) if isinstance(effect, Put)]
    assert {one["metadata"]["name"] for one in made if one["kind"] == "Deployment"} == OPERANDS
    assert pid(tmp_path) == started


def test_it_is_started_again_after_it_ended_and_ends_with_its_operator(
    tmp_path: Path, runs: CertManager, client: Client, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = installed(api)
    client.trusted = True
    runs.react(objects)
    first = pid(tmp_path)
    Process(tmp_path, cert_manager.NAME).stop()
    runs.react(objects)
    assert pid(tmp_path) is None, "one that ends at once must not be started again and again"
    monkeypatch.setattr(cert_manager, "PAUSE", 0)
    runs.react(objects)
    assert pid(tmp_path) not in (None, first)
    runs.react(Objects())
    deadline = time.monotonic() + 5
    while pid(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert pid(tmp_path) is None
    assert client.webhooks == {}
