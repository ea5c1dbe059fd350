import io
import os
import sys
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.apiserver.process import Process
from sandbox.engine.errors import SandboxError
from sandbox.engine.workspace import Workspace
from sandbox.official.cli import Cli
from sandbox.official.install import find_pulumi, link_kubernetes, missing
from sandbox.official.recovery import _runs  # pyright: ignore[reportPrivateUsage]


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing on PATH, no plugins of the user's, nobody at the terminal."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "user"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return tmp_path / "path"


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_without_pulumi_the_offer_is_made_and_nothing_downloaded(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"`pulumi`, which is not on PATH.*--install"):
        find_pulumi(tmp_path, install=False)
    assert not (tmp_path / "pulumi").exists()


def test_what_was_installed_into_the_sandbox_is_found(tmp_path: Path, bare_machine: Path) -> None:
    ours = executable(tmp_path / "pulumi" / "cli" / "bin" / "pulumi")
    assert find_pulumi(tmp_path, install=False) == ours
    on_path = executable(bare_machine / "pulumi")
    assert find_pulumi(tmp_path, install=False) == on_path


def test_without_the_kubernetes_plugin_its_name_and_the_command_are_told(tmp_path: Path) -> None:
    cli = Cli(pulumi=Path("pulumi"), root=tmp_path, home=tmp_path)
    with pytest.raises(SandboxError, match=r"pulumi plugin install resource kubernetes v4\."):
        link_kubernetes(cli, install=False)


def test_what_is_missing_for_the_official_engine_is_named_one_after_the_other(
    tmp_path: Path, bare_machine: Path
) -> None:
    said = [missing(tmp_path)]
    for name in ("pulumi", "pulumi-resource-kubernetes", "go"):
        executable(bare_machine / name)
        said.append(missing(tmp_path))
    first, second, third, last = said
    assert "`pulumi` is not on PATH" in str(first)
    assert "Kubernetes plugin" in str(second)
    assert "install Go" in str(third)
    assert last is None


def test_the_kubernetes_plugin_on_path_is_used_and_an_azure_one_is_not(
    tmp_path: Path, bare_machine: Path
) -> None:
    cli = Cli(pulumi=Path("pulumi"), root=tmp_path, home=tmp_path)
    executable(bare_machine / "pulumi-resource-azure-native")
    official = executable(bare_machine / "pulumi-resource-kubernetes")
    cli.prepare()
    link_kubernetes(cli, install=False)
    assert cli.plugin("kubernetes").resolve() == official
    assert "sandbox.official.plugin azure-native" in cli.plugin("azure-native").read_text()
    assert cli.environment()["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"


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
    started = Process(tmp_path / "clusters" / "coco-dev-hub", "apiserver")
    started.start([sys.executable, "-c", "import time; time.sleep(60)"])
    assert main(["up", "--engine", "pulumi", "--home", str(tmp_path)]) == 1
    assert started.pid()
    assert main(["down", "--engine", "pulumi", "--home", str(tmp_path)]) == 1
    assert started.pid() is None
    said = " ".join(capsys.readouterr().err.split())
    assert "What still ran is stopped: coco-dev-hub/apiserver. Nothing was deleted" in said


def test_down_leaves_alone_what_another_run_works_with(
    tmp_path: Path, bare_machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    executable(bare_machine / "pulumi")
    started = Process(tmp_path / "clusters" / "coco-dev-hub", "apiserver")
    started.start([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with Workspace(Path.cwd(), tmp_path).locked():
            assert main(["down", "--engine", "pulumi", "--home", str(tmp_path)]) == 1
        assert "is at work in" in capsys.readouterr().err
        assert started.pid()
    finally:
        started.stop(patience=0)
