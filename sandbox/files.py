"""The files that a sandbox keeps: each is understood or refused in a sentence, and written as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sandbox.engine.errors import SandboxError


class FileUnusable(SandboxError):
    """A file cannot be read or understood; the message names it and says what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} cannot be used: {problem}. Put back a copy of it, or start the sandbox again: delete its whole folder "
            "(.sandbox, where --home names no other)"
        )


@contextmanager
def understood(path: Path) -> Generator[None, None, None]:
    """Around the reading and parsing of `path`. Raises FileUnusable for all that a damaged file leads to; no message
    repeats what is in the file, which may be a secret.
    """
    try:
        yield
    except OSError as error:
        raise FileUnusable(path, error.strerror or type(error).__name__) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FileUnusable(
            path, "it is damaged or of another program" if path.stat().st_size else "it is empty"
        ) from error


def replace_file(path: Path, text: str, *, private: bool = False, last: bool = False) -> None:
    """Readers see the whole old text or the whole new one, also when this process is killed or the disk is full. The caller
    sees to it that nobody else writes the file at the same time.

    `private`: for its owner alone. `last` waits until the disk has it. An OSError names the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    mode = 0o600 if private else 0o666
    try:
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            if last:
                os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        new.unlink(missing_ok=True)
