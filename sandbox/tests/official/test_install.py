import io
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.apiserver import PROGRAMS
from sandbox.apiserver.process import Process
from sandbox.certmanager import PROGRAMS as CERT_MANAGER
from sandbox.engine.errors import SandboxError
from sandbox.engine.workspace import Workspace
from sandbox.golang import GoPrograms, Say
from sandbox.official.build import CLI, KUBERNETES, KUBERNETES_VERSION
from sandbox.official.cli import Cli
from sandbox.official.install import get, link_kubernetes, to_build
from sandbox.official.plugin import sdk_version
from sandbox.official.recovery import _runs  # pyright: ignore[reportPrivateUsage]
from sandbox.olm import PROGRAMS as OLM


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing on PATH, no plugins of the user's, nobody at the terminal."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return tmp_path / "path"


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built, which takes no time here."""
    names: list[str] = []

    def build(programs: GoPrograms, say: Say = print) -> Path:
        names.append(programs.name)
        for name in programs.packages:
            executable(programs.folder / name)
        return programs.folder

    monkeypatch.setattr(GoPrograms, "build", build)
    return names


def test_on_a_bare_machine_all_is_built_after_it_was_said_once_with_how_long(
    tmp_path: Path, built: list[str]
) -> None:
    said: list[str] = []
    pulumi = get(tmp_path, said.append)
    assert built == ["pulumi", "pulumi-resource-kubernetes", "apiserver", "olm", "cert-manager"]
    assert pulumi == CLI.folder / "pulumi"
    assert len(said) == 1
    assert (
        "pulumi, the Kubernetes plugin of pulumi, the API server, OLM and cert-manager are not on this machine"
        in said[0]
    )
    minutes = sum(one.minutes for one in (CLI, KUBERNETES, PROGRAMS, OLM, CERT_MANAGER))
    assert f"about {minutes} minutes" in said[0]
    get(tmp_path / "another clone", said.append)
    assert len(built) == 5
    assert len(said) == 1


@pytest.mark.parametrize(("answer", "agreed"), [("", True), ("y", True), ("n", False), ("no", False)])
def test_somebody_at_the_terminal_is_asked_first(
    tmp_path: Path, built: list[str], monkeypatch: pytest.MonkeyPatch, answer: str, agreed: bool
) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", ask)
    with nullcontext() if agreed else pytest.raises(SandboxError, match=r"nothing was built.*--install"):
        get(tmp_path, print)
    assert bool(built) is agreed
    assert len(asked) == 1


def test_a_users_own_come_first_and_then_what_was_downloaded(
    tmp_path: Path, bare_machine: Path, built: list[str]
) -> None:
    ours = executable(tmp_path / "pulumi" / "cli" / "bin" / "pulumi")
    assert get(tmp_path, print) == ours
    on_path = executable(bare_machine / "pulumi")
    assert get(tmp_path, print) == on_path
    assert "pulumi" not in built


def test_with_a_cluster_of_somebody_elses_no_api_server_is_built(
    tmp_path: Path, bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pulumi", "pulumi-resource-kubernetes"):
        executable(bare_machine / name)
    assert to_build(tmp_path) == [PROGRAMS, OLM, CERT_MANAGER]
    monkeypatch.setenv("SANDBOX_KUBECONFIG", "theirs")
    assert to_build(tmp_path) == []


def test_where_nothing_can_be_built_pulumis_installer_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(SandboxError, match=r"pulumi could not be built(.|\n)*--install"):
        get(tmp_path, print)


def test_the_kubernetes_plugin_on_path_comes_before_the_built_one_and_an_azure_one_is_not_used(
    tmp_path: Path, bare_machine: Path, built: list[str]
) -> None:
    cli = Cli(pulumi=get(tmp_path, print), root=tmp_path, home=tmp_path)
    cli.prepare()
    link_kubernetes(cli)
    assert cli.plugin("kubernetes").resolve() == KUBERNETES.folder / "pulumi-resource-kubernetes"
    executable(bare_machine / "pulumi-resource-azure-native")
    theirs = executable(bare_machine / "pulumi-resource-kubernetes")
    link_kubernetes(cli)
    assert cli.plugin("kubernetes").resolve() == theirs
    assert "sandbox.official.plugin azure-native" in cli.plugin("azure-native").read_text()
    assert cli.environment()["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"


def test_a_plugin_that_pulumi_downloaded_stays(tmp_path: Path, bare_machine: Path) -> None:
    executable(bare_machine / "pulumi")
    cli = Cli(pulumi=Path("pulumi"), root=tmp_path, home=tmp_path)
    downloaded = executable(cli.plugin("kubernetes"))
    assert KUBERNETES not in to_build(tmp_path)
    link_kubernetes(cli)
    assert not downloaded.is_symlink()


def test_the_plugin_is_of_the_version_that_the_sdk_asks_for() -> None:
    assert sdk_version("kubernetes") == KUBERNETES_VERSION


def test_nothing_of_the_users_reaches_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARM_CLIENT_SECRET", "AZURE_TENANT_ID", "PULUMI_ACCESS_TOKEN", "KUBECONFIG"):
        monkeypatch.setenv(name, "canary of the user")
    environment = Cli(pulumi=Path("pulumi"), root=tmp_path, home=tmp_path).environment()
    assert "canary of the user" not in environment.values()
    assert environment["PULUMI_BACKEND_URL"].startswith("file://")


def test_the_lock_of_a_running_process_is_respected() -> None:
    assert _runs(os.getpid())
    assert not _runs(2**22 + 1)


def test_down_stops_what_was_started_also_where_pulumi_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cache").touch()  # no folder, so nothing can be built
    started = Process(tmp_path / "clusters" / "coco-dev-hub", "kube-apiserver")
    started.start([sys.executable, "-c", "import time; time.sleep(60)"])
    assert main(["up", "--engine", "pulumi", "--home", str(tmp_path)]) == 1
    assert started.pid()
    assert main(["down", "--engine", "pulumi", "--home", str(tmp_path)]) == 1
    assert started.pid() is None
    said = " ".join(capsys.readouterr().err.split())
    assert "What still ran is stopped: coco-dev-hub/kube-apiserver. Nothing was deleted" in said


def test_down_leaves_alone_what_another_run_works_with(
    tmp_path: Path, bare_machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    executable(bare_machine / "pulumi")
    (tmp_path / "cache").touch()  # no folder, so nothing can be built
    started = Process(tmp_path / "clusters" / "coco-dev-hub", "kube-apiserver")
    started.start([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with Workspace(Path.cwd(), tmp_path).locked():
            assert main(["down", "--engine", "pulumi", "--home", str(tmp_path)]) == 1
        assert "is at work in" in capsys.readouterr().err
        assert started.pid()
    finally:
        started.stop(patience=0)
