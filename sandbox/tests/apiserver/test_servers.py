"""What an API server of the sandbox needs, and what a person is told when it is not there."""

import socket
import stat
from pathlib import Path

import pytest

from sandbox.apiserver import PROGRAMS, BuildError, ServerClusters, consent, external
from sandbox.apiserver.binaries import PACKAGES
from sandbox.apiserver.client import ApiClient
from sandbox.apiserver.credentials import Credentials
from sandbox.apiserver.server import ServerProcesses
from sandbox.openshift.clusters import kubeconfig_text, self_managed
from sandbox.provider import Refused

FACTS = self_managed("lab", location="eastus2", subscription_id="subscription", tenant_id="tenant")


def _tool(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory, of a user whose binaries end at once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    PROGRAMS.folder.mkdir(parents=True)
    for name in PACKAGES:
        _tool(PROGRAMS.folder / name, "echo no such luck; exit 1")
    return tmp_path


def test_where_there_is_a_cluster_in_its_place_no_server_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").touch()  # nothing can be built
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(BuildError, match="the API server could not be built"):
        ServerClusters(tmp_path).prepare(print)
    monkeypatch.setenv(external.VARIABLE, str(tmp_path / "kubeconfig"))
    monkeypatch.setenv(external.CONSENT, "1")
    ServerClusters(tmp_path / "other").prepare(print)
    assert not (tmp_path / "other").exists()


def test_a_server_that_ends_says_its_last_words(broken: Path) -> None:
    clusters = ServerClusters(broken)
    with pytest.raises(Refused, match=r"etcd ended: see .*\n.*no such luck"):
        clusters.create("lab", FACTS)
    assert clusters.processes() == {}
    assert clusters.names() == []


def test_a_port_that_somebody_else_took_is_named(broken: Path) -> None:
    server = ServerProcesses(broken / "clusters" / "lab")
    with socket.socket() as other:
        server.folder.mkdir(parents=True)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (server.folder / "ports.json").write_text(f'{{"etcd": {port}, "kube-apiserver": 1}}')
        with pytest.raises(Refused, match=f"port {port} on 127.0.0.1"):
            server.start()


def test_there_is_no_kubeconfig_of_a_cluster_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        ServerClusters(tmp_path).kubeconfig("lab")


def test_credentials_stay_the_same_and_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    assert Credentials.of(folder) == Credentials.of(folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}


def test_a_kubeconfig_without_usable_credentials_is_refused() -> None:
    text = kubeconfig_text(FACTS, "x").replace("token: x", "exec: {command: aws}")
    with pytest.raises(ValueError, match="neither a token nor a client certificate"):
        ApiClient.of(text)


def test_somebody_elses_cluster_is_not_touched_without_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig_text(FACTS, "x"))
    monkeypatch.setenv(external.VARIABLE, str(path))
    monkeypatch.delenv(external.CONSENT, raising=False)
    with pytest.raises(Refused, match=f"set {external.CONSENT}=1"):
        ServerClusters(tmp_path).create("lab", FACTS)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(Refused, match=f"unset {external.VARIABLE}"):
        consent()
    monkeypatch.setattr("builtins.input", lambda _: "y")
    consent()


def test_one_cluster_cannot_be_two_of_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig_text(FACTS, "x"))
    monkeypatch.setenv(external.VARIABLE, str(path))
    monkeypatch.setenv(external.CONSENT, "1")
    (tmp_path / "clusters" / "hub").mkdir(parents=True)
    (tmp_path / "clusters" / "hub" / "external").touch()
    with pytest.raises(Refused, match="is hub of the sandbox already: it cannot be spoke too"):
        ServerClusters(tmp_path).create("spoke", FACTS)


def test_a_cluster_that_does_not_answer_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig_text(FACTS, "x").replace(FACTS.api_url.rstrip("/"), "https://127.0.0.1:1"))
    monkeypatch.setenv(external.VARIABLE, str(path))
    monkeypatch.setenv(external.CONSENT, "1")
    with pytest.raises(Refused, match="does not answer"):
        ServerClusters(tmp_path).create("lab", FACTS)
