"""Background processes are found again, never mistaken for others, and end when told to."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.apiserver.process import Process

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "cluster", "sleeper")
    yield process
    process.stop(patience=0)


def _up(process: Process) -> None:
    while "up" not in process.last_words():
        time.sleep(0.02)


def test_a_running_process_is_found_by_whoever_looks_and_not_started_twice(process: Process) -> None:
    process.start(SLEEP)
    pid = Process(process.folder, "sleeper").pid()
    assert pid is not None
    process.start(SLEEP)
    assert process.pid() == pid


def test_a_process_that_ended_by_itself_does_not_run(process: Process) -> None:
    process.start([sys.executable, "-c", "print('last words')"])
    while process.pid():
        time.sleep(0.02)
    assert process.last_words() == "last words"


def test_the_id_in_a_stale_file_is_never_taken_for_ours(process: Process) -> None:
    process.folder.mkdir()
    (process.folder / "sleeper.pid").write_text(str(os.getpid()))
    assert process.pid() is None
    process.stop()


def test_a_process_outlives_the_command_that_started_it(tmp_path: Path) -> None:
    start = (
        f"from pathlib import Path; from sandbox.apiserver.process import Process\n"
        f"Process(Path({str(tmp_path)!r}), 'sleeper').start({SLEEP!r})"
    )
    subprocess.run([sys.executable, "-c", start], check=True, cwd=Path(__file__).parents[3])
    process = Process(tmp_path, "sleeper")
    assert process.pid()
    process.stop()
    assert process.pid() is None


def test_a_process_that_does_not_want_to_end_is_made_to(process: Process) -> None:
    process.start(STUBBORN)
    _up(process)
    pid = process.pid()
    assert pid
    process.stop(patience=0.2)
    assert process.pid() is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_started_another_one_ends_although_that_runs_on(tmp_path: Path) -> None:
    """The other one would else hold its lock, and it would seem to run."""
    starts = (
        f"import time; from pathlib import Path; from sandbox.apiserver.process import Process\n"
        f"Process(Path({str(tmp_path)!r}), 'child').start({SLEEP!r}); time.sleep(60)"
    )
    parent, child = Process(tmp_path, "parent"), Process(tmp_path, "child")
    parent.start([sys.executable, "-c", starts], {"PYTHONPATH": str(Path(__file__).parents[3])})
    try:
        _up(child)
        started = time.monotonic()
        parent.stop()
        assert time.monotonic() - started < 5
        assert parent.pid() is None
        assert child.pid()
    finally:
        child.stop(patience=0)
        parent.stop(patience=0)
