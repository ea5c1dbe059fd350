"""How a KBS is started, and the sentences for when it cannot be; programs on PATH are made up."""

from pathlib import Path

import pytest

from sandbox.engine.errors import SandboxError
from sandbox.engine.state import StateResource
from sandbox.engine.workspace import Workspace
from sandbox.tests.trustee.test_layout import deployment
from sandbox.trustee.__main__ import main
from sandbox.trustee.process import TrusteeImage, running
from sandbox.trustee.source import DeployedTrustee, of_stack
from tests import certificates

ROOT = Path(__file__).parents[3]
TRUSTEE = DeployedTrustee(
    deployment=deployment(), url="https://kbs.apps.example", ca=certificates.certificate(), paths=[]
)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return folder


def program(folder: Path, name: str, script: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_a_kbs_it_says_what_to_do(programs: Path) -> None:
    with (
        pytest.raises(
            SandboxError, match=r"no program kbs on PATH: build it as .* or name a container image"
        ),
        running(TRUSTEE),
    ):
        pytest.fail("nothing can run")


def test_a_kbs_that_ends_before_it_serves_is_reported_and_cleaned_up(programs: Path) -> None:
    program(programs, "kbs", "exit 3")
    with pytest.raises(SandboxError, match="ended with exit code 3 before it served"), running(TRUSTEE):
        pytest.fail("it does not serve")
    assert not list(programs.parent.glob("coco-trustee-*"))


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_an_image_runs_on_loopback_on_the_files_where_the_operator_mounts_them(
    programs: Path, tmp_path: Path, engine: str
) -> None:
    program(programs, engine)
    for folder in ("etc/https-key", "opt/confidential-containers"):
        (tmp_path / folder).mkdir(parents=True)
    command = TrusteeImage(name="registry.example/kbs:1").command(tmp_path, 8443, 8080, {"RUST_LOG": "info"})
    text = " ".join(command)
    assert command[0] == engine
    assert "--publish 127.0.0.1:8443:8080" in text
    assert f"--volume {tmp_path}/etc/https-key:/etc/https-key" in text
    assert f"--volume {tmp_path}/opt/confidential-containers:/opt/confidential-containers" in text
    assert "--env RUST_LOG=info" in text
    assert text.endswith("registry.example/kbs:1 --config-file /etc/kbs-config/kbs-config.toml")
    assert ("keep-id" in text) == (engine == "podman")


def test_an_image_is_never_pulled_unasked(programs: Path, tmp_path: Path) -> None:
    program(programs, "podman")
    for pull, policy in ((False, "never"), (True, "missing")):
        command = TrusteeImage(name="image", pull=pull).command(tmp_path, 1, 2, {})
        assert command[command.index("--pull") + 1] == policy


def test_an_image_needs_podman_or_docker(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="to run image podman or docker must be installed"):
        TrusteeImage(name="image").command(tmp_path, 1, 2, {})


def test_a_stack_that_is_not_up_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="dev-hub is not up: make up STACK=dev-hub"):
        of_stack(Workspace(ROOT, tmp_path), "dev-hub")


def test_a_stack_without_trustee_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = StateResource(
        urn="urn:pulumi:dev-spoke::coco::pulumi:pulumi:Stack::s", type="pulumi:pulumi:Stack", custom=False
    )
    monkeypatch.setattr(Workspace, "resources", lambda *_: [stack])
    with pytest.raises(SandboxError, match="dev-spoke runs no Trustee: name a hub or a standalone stack"):
        of_stack(Workspace(ROOT, tmp_path), "dev-spoke")


def test_an_unknown_stack_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert main(["nope", "--home", str(tmp_path)]) == 1
    assert "error: no stack named 'nope' found" in capsys.readouterr().err
