"""`python -m sandbox.build`: build all that the official engine and the long tests would build when they need it.

For machines that are prepared beforehand, and for `.ci/run`, which says how long it takes. Where Go's module proxy cannot be
reached, or the machine is too small, it says so and ends well: the tests then skip what needs it, with the same reason.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sandbox import cosign, registry
from sandbox.golang import BuildError, GoPrograms, NotHere, fetching
from sandbox.official.install import to_build


def main() -> int:
    missing = [*to_build(Path(".sandbox").resolve()), registry.PROGRAMS, cosign.PROGRAMS]
    with fetching(missing):
        return _build(missing)


def _build(missing: list[GoPrograms]) -> int:
    for programs in missing:
        started = time.monotonic()
        try:
            programs.build(lambda words: print(words, flush=True))
        except NotHere as error:
            print(f"{programs.what} is left out: {error}", flush=True)
        except BuildError as error:
            print(error, file=sys.stderr)
            return 1
        else:
            print(
                f"{programs.what} is in {programs.folder}, after {time.monotonic() - started:.0f} s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
