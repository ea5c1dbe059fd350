"""The language host, as the engine sees it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from sandbox.official.plugin import SERVED, sdk_version

ROOT = Path(__file__).parents[3]
EXECUTOR = """
import json, os, sys, time
if os.environ.get("PULUMI_CONFIG") == '{"wait": "long"}':
    open("started", "w").close()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        open("interrupted", "w").close()
        sys.exit(1)
json.dump([sys.argv[1:], os.getcwd(), {k: v for k, v in os.environ.items() if k.startswith("PULUMI_CONFIG")}], open("ran", "w"))
sys.exit(int(sys.argv[-1]))
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    executor = tmp_path / "pulumi-language-python-exec"
    executor.write_text(EXECUTOR)
    command = [sys.executable, "-m", "sandbox.official.language", "127.0.0.1:1"]
    environment = {**os.environ, "SANDBOX_LANGUAGE_EXECUTOR": str(executor)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture
def host(process: "subprocess.Popen[str]") -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    assert process.stdout
    with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)


def run(folder: Path, **more: Any) -> Any:
    info = language_pb2.ProgramInfo(
        root_directory=str(folder),
        program_directory=str(folder),
        entry_point=".",
        options=struct_pb2.Struct(),
    )
    (folder / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    python = folder / ".venv" / "bin" / "python"
    if not python.exists():
        python.symlink_to(sys.executable)
    info.options.update({"virtualenv": ".venv"})
    return language_pb2.RunRequest(
        project="coco", stack="dev", monitor_address="127.0.0.1:2", parallel=3, info=info, **more
    )


def test_the_program_is_run_as_pulumis_own_host_does(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    import json

    answer = host.Run(
        run(
            tmp_path,
            dryRun=True,
            organization="organization",
            pwd=str(tmp_path),
            config={"coco:a": "1"},
            configSecretKeys=["coco:a"],
            args=["0"],
        )
    )
    assert (answer.error, answer.bail) == ("", False)
    arguments, folder, configured = json.loads((tmp_path / "ran").read_text())
    given = dict(zip(arguments[:-2:2], arguments[1:-2:2], strict=True))
    assert given == {
        "--monitor": "127.0.0.1:2",
        "--engine": "127.0.0.1:1",
        "--project": "coco",
        "--root_directory": str(tmp_path),
        "--stack": "dev",
        "--pwd": str(tmp_path),
        "--dry_run": "true",
        "--parallel": "3",
        "--organization": "organization",
    }
    assert arguments[-2:] == [".", "0"]
    assert folder == str(tmp_path)
    assert {key: json.loads(value) for key, value in configured.items()} == {
        "PULUMI_CONFIG": {"coco:a": "1"},
        "PULUMI_CONFIG_SECRET_KEYS": ["coco:a"],
    }


@pytest.mark.parametrize(
    ("code", "error", "bail"),
    [("1", "program exited with non-zero exit code: 1", False), ("32", "", True)],
)
def test_how_the_program_ended_is_told(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path, code: str, error: str, bail: bool
) -> None:
    """32 says that the program has told what is wrong already."""
    answer = host.Run(run(tmp_path, args=[code]))
    assert (answer.error, answer.bail) == (error, bail)


def test_cancelling_interrupts_the_program(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    answer = host.Run.future(run(tmp_path, config={"wait": "long"}))
    eventually(tmp_path / "started")
    host.Cancel(empty_pb2.Empty())
    assert answer.result(10).error
    assert (tmp_path / "interrupted").exists()


def test_it_ends_with_sigint_and_takes_the_program_with_it(
    host: language_pb2_grpc.LanguageRuntimeStub, process: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    answer = host.Run.future(run(tmp_path, config={"wait": "long"}))
    eventually(tmp_path / "started")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert (tmp_path / "interrupted").exists()
    answer.cancel()


def test_the_plugins_of_the_installed_sdks_are_named(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    found = host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest()).packages
    assert {each.name: each.version for each in found} == {
        name: f"v{sdk_version(name)}" for name in (*SERVED, "kubernetes")
    }
    assert {each.kind for each in found} == {"resource"}


def eventually(path: Path) -> None:
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
