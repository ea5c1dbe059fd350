import errno
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.ending import explained

ROOT = Path(__file__).parents[2]
PROGRAM = "from sandbox.ending import end\ndef main():\n    {}\n    return {}\nend(main)\n"


def run(body: str, code: int = 0, *, redirect: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM.format(body, code)]
    if redirect:
        command = ["bash", "-o", "pipefail", "-c", f'"$@" {redirect}', "bash", *command]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_code_of_the_command_is_the_code_of_the_process(code: int) -> None:
    done = run("print('said')", code)
    assert (done.returncode, done.stdout, done.stderr) == (code, "said\n", "")


def test_a_full_output_is_one_sentence() -> None:
    done = run("print('x' * 100000)", redirect="> /dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "error: the standard output, or a file, cannot be used: No space left on device: "
        "make room on the disk, then run the same command again\n"
    )


def test_nobody_is_told_that_both_outputs_are_full() -> None:
    assert run("print('x')", redirect="> /dev/full 2> /dev/full").returncode == 1


def test_a_reader_that_has_gone_is_no_error_to_speak_of() -> None:
    done = run("print('x' * 1000000)", redirect="| true")
    assert (done.returncode, done.stderr) == (141, "")


def test_ctrl_c_is_no_traceback() -> None:
    done = run("raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


def test_an_unusable_file_is_named_with_the_remedy() -> None:
    done = run("open('/dev/null/x')")
    assert done.returncode == 1
    assert (
        done.stderr
        == "error: /dev/null/x cannot be used: Not a directory: a folder belongs there: move the file away\n"
    )


def test_an_error_without_a_known_remedy_is_still_a_sentence() -> None:
    assert (
        explained(OSError(errno.EIO, "Input/output error", "state.json"))
        == "state.json cannot be used: Input/output error"
    )
