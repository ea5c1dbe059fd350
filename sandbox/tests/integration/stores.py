"""Object stores on loopback, and a pod's two containers run on them by their own commands, without a container runtime.

A pod is a folder: `/store` and `/data` of its containers are relative to it, because the commands use them so.
"""

import base64
import hashlib
import hmac
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from model import object_store
from model.workloads.reading import read

ROOT: Final = Path(__file__).parents[3]
WORKLOAD: Final = "kbs-store"
KEY: Final = "q" * 43
CONTAINER: Final = object_store.container(WORKLOAD)
# Azurite's own account, as its documentation gives it to everybody.
_ACCOUNT: Final = "devstoreaccount1"
_ACCOUNT_KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_VERSION: Final = "2020-12-06"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on PATH")
    return found


@dataclass(frozen=True, kw_only=True)
class Store:
    """``configuration``: what the KBS serves. ``admin``: sections of rclone.conf for whoever owns the store, `owner:`."""

    configuration: str
    admin: str
    folder: Path

    def rclone(self, *arguments: str, given: bytes | None = None, check: bool = True) -> bytes:
        """As the owner of the store."""
        file = self.folder / "owner.conf"
        file.write_text(self.admin)
        done = subprocess.run(
            [program("rclone"), "--config", str(file), *arguments],
            input=given,
            check=check,
            capture_output=True,
        )
        return done.stdout

    def objects(self) -> list[str]:
        return sorted(self.rclone("lsf", f"owner:{CONTAINER}").decode().split())

    def read(self, name: str) -> bytes:
        return self.rclone("cat", f"owner:{CONTAINER}/{name}")

    def write(self, name: str, content: bytes) -> None:
        self.rclone("rcat", f"owner:{CONTAINER}/{name}", given=content)

    def empty(self) -> None:
        self.rclone("delete", f"owner:{CONTAINER}")

    def remove(self, name: str) -> None:
        self.rclone("deletefile", f"owner:{CONTAINER}/{name}")


@dataclass(kw_only=True)
class Pod:
    """``hub``: the port of its confidential data hub. ``served``: what the KBS releases, by key; what is not there it refuses."""

    folder: Path
    hub: int
    served: dict[str, str]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def said(self, name: str) -> str:
        """What the container printed when it ran last."""
        return (self.folder / f"{name}.log").read_text()

    def restore(self) -> int:
        """The exit code."""
        with self._process("restore") as process:
            return process.wait(90)

    @contextmanager
    def saving(self) -> Iterator[subprocess.Popen[bytes]]:
        """The container `save`, which is asked to end at the end of the block, and must then end by itself."""
        with self._process("save") as process:
            try:
                yield process
                while process.poll() is None and not _catches_sigterm(process.pid):
                    time.sleep(0.05)
                process.terminate()
                process.wait(60)
            finally:
                process.kill()

    def _process(self, name: str) -> subprocess.Popen[bytes]:
        """Its own command, but for the places of the shell and of the data hub, and with a second between two saves."""
        _, option, script, zero, url, _ = containers(WORKLOAD)[name]["command"]
        here = url.replace("http://127.0.0.1:8006", f"http://127.0.0.1:{self.hub}")
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [str(self.folder / "bin" / "sh"), option, script, zero, here, "1"],
                cwd=self.folder,
                env={"PATH": str(self.folder / "bin")},
                stdout=log,
                stderr=subprocess.STDOUT,
            )


def _catches_sigterm(pid: int) -> bool:
    """Before that it ends as any process does, without a last save (proc(5), SigCgt)."""
    caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def containers(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Those of a committed workload, by name, as a spoke deploys them."""
    files = {file.name: file.read_text("utf-8") for file in (ROOT / "workloads" / name).iterdir()}
    workload = read(name, files)
    manifest = workload.confidential("kata-remote", "", str)[workload.objects.index(workload.holder)]
    spec = manifest["spec"]["template"]["spec"]
    return {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}


@contextmanager
def pod(folder: Path, store: Store, *, floor: int | str = 0, **served: str) -> Iterator[Pod]:
    """What the image has: busybox and rclone, and nothing else."""
    (folder / "bin").mkdir(parents=True)
    for made in ("store", "data"):
        (folder / made).mkdir()
    subprocess.run([program("busybox"), "--install", "-s", str(folder / "bin")], check=True)
    for name in ("rclone", "flock"):
        if not (folder / "bin" / name).exists():
            (folder / "bin" / name).symlink_to(program(name))
    values = {"key": KEY, "rclone.conf": store.configuration, "floor": str(floor), **served}
    with data_hub(object_store.secret(WORKLOAD), values) as port:
        yield Pod(folder=folder, hub=port, served=values)


@contextmanager
def data_hub(secret: str, served: Mapping[str, str]) -> Iterator[int]:
    """The confidential data hub of a guest, as containers see it: an error where the KBS does not release a resource."""
    base = f"/cdh/resource/default/{secret}/"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            value = served.get(self.path.removeprefix(base)) if self.path.startswith(base) else None
            self.send_response(500 if value is None else 200)
            self.end_headers()
            self.wfile.write(b"the KBS refused" if value is None else value.encode())

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


@contextmanager
def azurite(folder: Path) -> Iterator[Store]:
    """Microsoft's emulator, with a signature like the one that the hub asks Azure for."""
    port = _free_port()
    command = [program("azurite-blob"), "--silent", "--skipApiVersionCheck", "--location", str(folder)]
    endpoint = f"http://127.0.0.1:{port}/{_ACCOUNT}"
    with _running([*command, "--blobPort", str(port)], port):
        signature = _signature()
        store = Store(
            configuration=object_store.configuration(f"{endpoint}/{CONTAINER}", signature),
            admin=f"[owner]\ntype = azureblob\naccount = {_ACCOUNT}\nkey = {_ACCOUNT_KEY}\nendpoint = {endpoint}\n",
            folder=folder,
        )
        store.rclone("mkdir", f"owner:{CONTAINER}")
        yield store


@contextmanager
def webdav(folder: Path) -> Iterator[Store]:
    """rclone's own server, to which another backend of rclone is given: the script knows nothing of the store."""
    port, files = _free_port(), folder / "files"
    (files / CONTAINER).mkdir(parents=True)
    remote = f"type = webdav\nvendor = other\nurl = http://127.0.0.1:{port}\n"
    _, crypt = object_store.configuration(f"https://nowhere.invalid/{CONTAINER}", "sig").split("\n\n")
    with _running([program("rclone"), "serve", "webdav", "--addr", f"127.0.0.1:{port}", str(files)], port):
        configuration = f"[remote]\n{remote}\n{crypt}"
        yield Store(configuration=configuration, admin=f"[owner]\n{remote}", folder=folder)


def _signature() -> str:
    """A service signature for the container with the permissions of the hub's (Create a service SAS, version 2020-12-06)."""
    expiry = "2099-01-01T00:00:00Z"
    resource = f"/blob/{_ACCOUNT}/{CONTAINER}"
    fields = [object_store.PERMISSIONS, "", expiry, resource, "", "", "https,http", _VERSION, "c", *[""] * 7]
    mac = hmac.new(base64.b64decode(_ACCOUNT_KEY), "\n".join(fields).encode(), hashlib.sha256)
    return urlencode(
        {
            "sv": _VERSION,
            "sr": "c",
            "spr": "https,http",
            "se": expiry,
            "sp": object_store.PERMISSIONS,
            "sig": base64.b64encode(mac.digest()).decode(),
        }
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": "/nonexistent"},
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < deadline:
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
