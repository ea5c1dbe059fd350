"""What the sandbox builds once for a user: `python -m sandbox.cache` deletes it, and says where it was.

It lies in the folder `coco-sandbox` of $XDG_CACHE_HOME (~/.cache), by what it was made of, so all clones and versions share it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path


def folder() -> Path:
    """It need not exist. A relative $XDG_CACHE_HOME does not count, as the XDG Base Directory Specification says."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "coco-sandbox"


def place(name: str, made_of: Iterable[bytes]) -> Path:
    """Where that which is called `name` lies, or would lie, when it is made of this."""
    digest = hashlib.sha256()
    for part in made_of:
        digest.update(hashlib.sha256(part).digest())
    return folder() / f"{name}-{digest.hexdigest()[:16]}"


def made(at: Path, make: Callable[[Path], None]) -> Path:
    """The folder `at`, one of `place`, filled by `make` unless it is there.

    Whoever comes second waits, and finds it done. `make` fills a folder that becomes `at` when all of it is there: what a
    killed or failed one leaves counts for nothing, and the next one removes it. Raises OSError where nothing can be written.
    """
    if at.is_dir():
        return at
    at.parent.mkdir(parents=True, exist_ok=True)
    with at.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not at.is_dir():
            part = at.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            try:
                make(part)
                part.rename(at)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    return at


def main() -> int:
    where = folder()
    if where.exists():
        try:
            shutil.rmtree(where)
        except OSError as error:
            print(f"error: {where} cannot be deleted: {error}", file=sys.stderr)
            return 1
        print(f"deleted {where}")
    else:
        print(f"nothing to delete: there is no {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
