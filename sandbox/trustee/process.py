"""A KBS as a child process on loopback: the program itself, or its container image."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandbox.engine.errors import SandboxError
from sandbox.shapes import map_in
from sandbox.trustee import mounts, relocation
from sandbox.trustee.client import KbsClient
from sandbox.trustee.relocation import Replacement
from sandbox.trustee.source import DeployedTrustee

FILES = "coco-trustee-"
"""How the folder with a KBS's files begins."""
PATIENCE = 60.0
"""Seconds that a KBS gets until it serves."""
_ENTRY = ("/usr/local/bin/kbs", "--config-file", mounts.CONFIG)


@dataclass(frozen=True, kw_only=True)
class TrusteeImage:
    """A container image with the KBS; it must be there already unless `pull`."""

    name: str
    pull: bool = False

    def command(self, root: Path, published: int, port: int, variables: Mapping[str, str]) -> list[str]:
        """How podman or docker runs it on the files below `root`, its `port` on loopback as `published`.

        Raises SandboxError when neither is installed.
        """
        engine = next(filter(shutil.which, ("podman", "docker")), None)
        if engine is None:
            raise SandboxError(
                f"to run {self.name} podman or docker must be installed, and neither is on PATH"
            )
        # The files belong to whoever started this; in the container they must as well.
        user = ["--userns", "keep-id"] if engine == "podman" else []
        directories = sorted(path for path in (*root.glob("etc/*"), *root.glob("opt/*")))
        return [
            engine,
            "run",
            "--rm",
            "--init",
            *("--pull", "missing" if self.pull else "never"),
            *("--publish", f"127.0.0.1:{published}:{port}"),
            *user,
            *("--user", f"{os.getuid()}:{os.getgid()}"),
            *("--security-opt", "label=disable"),
            *(part for path in directories for part in ("--volume", f"{path}:/{path.relative_to(root)}")),
            *(part for name, value in variables.items() for part in ("--env", f"{name}={value}")),
            *("--entrypoint", _ENTRY[0]),
            self.name,
            *_ENTRY[1:],
        ]


@dataclass(frozen=True, kw_only=True)
class Running:
    """`root` holds the files of the KBS and `ca.crt`; all of it is deleted when the KBS ends."""

    root: Path
    port: int
    changes: list[Replacement]
    process: subprocess.Popen[bytes]

    @property
    def ca_file(self) -> Path:
        return self.root / "ca.crt"

    def path(self, mounted: str) -> Path:
        """Where a file lies that the pod would have at `mounted`."""
        return self.root / mounted.lstrip("/")


@contextmanager
def running(
    trustee: DeployedTrustee,
    *,
    image: TrusteeImage | None = None,
    port: int = 0,
    log: IO[bytes] | None = None,
    below: Path | None = None,
) -> Generator[Running, None, None]:
    """The KBS of `trustee`, serving. `port` 0 takes a free one; `log` gets what it prints (default: standard output). Its files are
    below `below` (default: where temporary files are).

    Raises SandboxError when it cannot be started or does not come to serve.
    """
    if image is None and shutil.which("kbs") is None:
        raise SandboxError(
            "there is no program kbs on PATH: build it as docs/trustee.md says, "
            "or name a container image with it: ARGS='--image <name>'"
        )
    port = port or free_port()
    variables = map_in(trustee.deployment.spec, "KbsEnvVars")
    with tempfile.TemporaryDirectory(prefix=FILES, dir=below) as directory:  # made with mode 0700
        root = Path(directory)
        files, changes = mounts.files(trustee.deployment), list[Replacement]()
        if image is None:
            files, changes = relocation.relocated(files, root, f"127.0.0.1:{port}")
        relocation.write({**files, "/ca.crt": trustee.ca.encode()}, root)
        command = (
            image.command(root, port, relocation.port(files), variables)
            if image
            else [*_bound(), "kbs", "--config-file", str(root / mounts.CONFIG.lstrip("/"))]
        )
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=log, stderr=log and subprocess.STDOUT
        )
        try:
            kbs = Running(root=root, port=port, changes=changes, process=process)
            _await(kbs, KbsClient(host=trustee.host, address=("127.0.0.1", port), ca=trustee.ca))
            yield kbs
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _bound() -> tuple[str, ...]:
    """Where there is such a program (util-linux), a KBS also ends when whoever started it is killed."""
    return ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()


def _await(kbs: Running, client: KbsClient) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if kbs.process.poll() is not None:
            raise SandboxError(
                f"the KBS ended with exit code {kbs.process.returncode} before it served: its own words are above"
            )
        try:
            client.resource("default/none/none")
        except ssl.SSLError as error:
            raise SandboxError(
                f"the KBS serves, but its certificate does not verify with the CA that the stack publishes: {error}"
            ) from None
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SandboxError(f"the KBS did not serve within {PATIENCE:.0f} s")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
