"""What interrupts us reaches the program once and as SIGINT; it is waited for, and the terminal is its own meanwhile."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Ends a while after SIGINT, as pulumi does, and counts how many there were.
PATIENT = """
import os, signal, sys, time
count = 0
def interrupted(number, frame):
    global count
    count += 1
signal.signal(signal.SIGINT, interrupted)
print("runs", os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp(), flush=True)
while not count:
    time.sleep(0.02)
time.sleep(0.5)
print("ended after", count, flush=True)
sys.exit(7)
"""
WRAPPER = """
import os, sys
from pathlib import Path
from sandbox.official import foreground
try:
    print("code", foreground.run([sys.executable, "-c", sys.argv[1]], cwd=Path.cwd(), env=os.environ), flush=True)
finally:
    print("terminal is ours", os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp(), flush=True)
"""


def wrapped(program: str, **how: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRAPPER, program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        **how,  # pyright: ignore[reportArgumentType, reportCallIssue]
    )


def lines(process: "subprocess.Popen[str]") -> list[str]:
    out, _ = process.communicate(timeout=30)
    return out.splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_us_reaches_the_program_once_as_an_interrupt_and_we_end_after_it(
    number: signal.Signals,
) -> None:
    process = wrapped(PATIENT, stdin=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.readline() == "runs False\n"
    process.send_signal(number)
    assert lines(process) == ["ended after 1", "terminal is ours False"]
    assert process.returncode == {signal.SIGINT: -signal.SIGINT}.get(number, 128 + number)


def test_the_exit_code_is_the_program_s() -> None:
    process = wrapped("import sys; sys.exit(3)", stdin=subprocess.DEVNULL)
    assert lines(process)[0] == "code 3"


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The ends of a terminal: the user's, and the programs'."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def on(terminal: int, program: str) -> "subprocess.Popen[str]":
    """In a session whose terminal this is, as one that a shell started."""

    def take() -> None:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    return wrapped(program, stdin=terminal, preexec_fn=take)


def test_control_c_at_a_terminal_reaches_the_program_alone_and_the_terminal_comes_back(
    terminal: tuple[int, int],
) -> None:
    process = on(terminal[1], PATIENT)
    assert process.stdout
    assert process.stdout.readline() == "runs True\n"
    os.write(terminal[0], b"\x03")
    assert lines(process) == ["ended after 1", "code 7", "terminal is ours True"]
    assert process.returncode == 0


def test_a_program_that_is_stopped_goes_on_because_no_shell_knows_it(terminal: tuple[int, int]) -> None:
    process = on(
        terminal[1], "import os, signal; os.kill(os.getpid(), signal.SIGSTOP); print('on', flush=True)"
    )
    assert lines(process) == ["on", "code 0", "terminal is ours True"]
