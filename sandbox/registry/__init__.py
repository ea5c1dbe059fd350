"""A real registry for tests, github.com/distribution/distribution/v3: built once from pinned Go modules, run on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.golang import GoPrograms

PROGRAMS = GoPrograms(
    name="registry",
    what="the registry",
    modules=Path(__file__).parent,
    packages={"registry": ("github.com/distribution/distribution/v3/cmd/registry", "")},
    minutes=3,
)
_PATIENCE = 20.0  # seconds


@contextmanager
def serve(program: Path, folder: Path, settings: Mapping[str, Any]) -> Generator[str]:
    """`host:port` of a registry that keeps its content in `folder` and ends with the block.

    `settings` are sections of its configuration file such as `auth`; `http` may add `tls`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    configuration = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "content")}},
        **settings,
        "http": {"addr": address, "secret": "of a test", **settings.get("http", {})},
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "registry.yaml"
    file.write_text(yaml.safe_dump(configuration))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([str(program), "serve", str(file)], stdout=log, stderr=log)
        try:
            _await(process, port, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the registry does not answer: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)
        else:
            return
