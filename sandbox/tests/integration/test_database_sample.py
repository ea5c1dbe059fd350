"""The database sample by its containers' own commands, with MariaDB's real programs: its files need the key, and its backups last."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from sandbox.tests.integration.stores import containers, data_hub, program

pytestmark = pytest.mark.integration
WORKLOAD: Final = "kbs-database"
NOBODY: Final = 65534
NOTE: Final = b"started by kbs-database"
_VOLUMES: Final = ("keys", "backup", "database")


class Pod:
    """Its volumes are folders; the commands' paths lead there."""

    def __init__(self, folder: Path, backup: Path | None = None) -> None:
        self.folder = folder
        for name in _VOLUMES:
            (folder / name).mkdir()
        if backup is not None:
            shutil.copy(backup, self.backup)
        (folder / "backup" / ".restored").write_text("0\n")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
            if os.geteuid() == 0:
                os.chown(path, NOBODY, NOBODY)

    @property
    def backup(self) -> Path:
        return self.folder / "backup" / "database.mbstream"

    def fetch_key(self, served: Mapping[str, str]) -> int:
        with data_hub("database-key", served) as port:
            here = f"http://127.0.0.1:{port}"
            with self._start("fetch-key", ("http://127.0.0.1:8006", here)) as process:
                return process.wait(60)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The database, asked to end at the end of the block once it can be."""
        with self._start("database") as process:
            try:
                yield process
                process.terminate()
                process.wait(120)
            finally:
                # The server too, where the shell was not the one to end it.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def rows(self) -> int:
        socket = str(self.folder / "database" / "socket")
        command = [
            "mariadb",
            "--no-defaults",
            f"--socket={socket}",
            "--user=root",
            "--skip-column-names",
            "-B",
        ]
        done = subprocess.run(
            [*command, "-e", "select count(*) from demo.starts"], capture_output=True, check=True
        )
        return int(done.stdout)

    def _start(self, name: str, *replaced: tuple[str, str]) -> subprocess.Popen[bytes]:
        shell, option, script = containers(WORKLOAD)[name]["command"]
        for old, new in replaced:
            script = script.replace(old, new)
        for volume in _VOLUMES:
            script = re.sub(rf"(?<![\w./])/{volume}(?=[/ \n\"])", str(self.folder / volume), script)
            script = re.sub(rf"=/{volume}(?=[/ \n\"])", f"={self.folder / volume}", script)
        root = os.geteuid() == 0
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [shell, option, script],
                stdout=log,
                stderr=subprocess.STDOUT,
                user=NOBODY if root else None,
                group=NOBODY if root else None,
                extra_groups=[] if root else None,
                start_new_session=True,
            )


@pytest.fixture
def folder() -> Iterator[Path]:
    for name in ("mariadbd", "mariadb", "mariadb-backup", "mbstream", "mariadb-install-db", "curl"):
        program(name)
    with (
        tempfile.TemporaryDirectory() as made
    ):  # MariaDB's programs do not run as root, and sockets want short paths
        Path(made).chmod(0o755)
        yield Path(made)


def pod(folder: Path, backup: Path | None = None) -> Pod:
    """All at one path, as in a VM: a backup names the file of the key. What was there is gone with the pod before."""
    shutil.rmtree(folder / "pod", ignore_errors=True)
    (folder / "pod").mkdir()
    return Pod(folder / "pod", backup)


def wait_for_backup(of: Pod, process: subprocess.Popen[bytes], *, after: float = 0) -> None:
    deadline = time.monotonic() + 180
    while process.poll() is None and not (of.backup.exists() and of.backup.stat().st_mtime > after):
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_the_next_pod_has_the_rows_of_the_last_one_and_another_key_has_none(folder: Path) -> None:
    saved = folder / "saved"
    first = pod(folder)
    assert first.fetch_key({"key": "one key"}) == 0
    with first.running() as process:
        wait_for_backup(first, process)
        assert first.rows() == 1
    assert process.returncode == 0
    assert NOTE not in first.backup.read_bytes()
    assert not [
        path
        for path in (first.folder / "database" / "files").rglob("*")
        if path.is_file() and NOTE in path.read_bytes()
    ]
    shutil.copy(first.backup, saved)

    second = pod(folder, saved)
    assert second.fetch_key({"key": "one key"}) == 0
    started = time.time()
    with second.running() as process:
        wait_for_backup(second, process, after=started)
        assert second.rows() == 2
    assert process.returncode == 0
    shutil.copy(second.backup, saved)

    stranger = pod(folder, saved)
    assert stranger.fetch_key({"key": "another key"}) == 0
    with stranger.running() as process:
        process.wait(120)
    assert process.returncode != 0
    # What stopped it is that the log, read with this key, is no log.
    assert "InnoDB: Log scan aborted" in (stranger.folder / "database" / "log").read_text()
    assert stranger.backup.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("served", [{}, {"key": ""}])
def test_without_the_key_the_database_never_starts(folder: Path, served: dict[str, str]) -> None:
    tried = pod(folder)
    assert tried.fetch_key(served) != 0
    with tried.running():
        time.sleep(3)
        assert not (tried.folder / "database" / "files").exists()
