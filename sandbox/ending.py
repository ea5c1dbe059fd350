"""How a command for people ends: with an exit code and at most one sentence, never with a traceback for what the machine did."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

_REMEDIES: Final = {
    errno.ENOSPC: "make room on the disk, then run the same command again",
    errno.EDQUOT: "make room in your quota, then run the same command again",
    errno.EROFS: "its file system is mounted read-only",
    errno.EACCES: "your user has no right to it",
    errno.EPERM: "your user has no right to it",
    errno.EISDIR: "a file belongs there: move the folder away",
    errno.ENOTDIR: "a folder belongs there: move the file away",
    errno.EEXIST: "a folder belongs there: move the file away",
}


def end(main: Callable[[], int]) -> NoReturn:
    """Exit with what `main` returns: 1 after a sentence on stderr where a file or the output cannot be used, 130 after
    Ctrl-C, 141 in silence where nobody reads the output any more (`| head`), as the shell counts SIGPIPE.
    """
    try:
        code = main()
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        code = 128 + signal.SIGPIPE
    except OSError as error:
        code = 1
        _say(f"error: {explained(error)}")
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
        _say("Interrupted.")
    else:
        sys.exit(code)
    # What is left in the buffer would be tried again, and reported, when the interpreter ends.
    if sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def leave_on_signals() -> None:
    """A signal that would end Python at once ends the with-blocks from now on, as Ctrl-C does: what they hold must not outlive them."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def explained(error: OSError) -> str:
    """The file (or the standard output, where the error names none), what is wrong with it, and what to do."""
    place = str(error.filename) if error.filename else "the standard output, or a file,"
    words = f"{place} cannot be used: {error.strerror or type(error).__name__}"
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{words}: {remedy}" if remedy else words


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # stderr may be as full as stdout
        print(sentence, file=sys.stderr, flush=True)
