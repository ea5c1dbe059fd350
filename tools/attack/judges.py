"""Who judges the attacks."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox.guest.api import EngineError, PolicyEngine, Regopy, regorus
from tools.posture.deployment import PostureError

NAMES: Final = ("regopy", "regorus")


@contextmanager
def named(name: str, home: Path) -> Generator[Sequence[PolicyEngine]]:
    """The engines of a name, one for each version. `home` is where regorus is built. Raises PostureError where it cannot be."""
    if name == "regopy":
        yield [Regopy()]
        return
    try:
        with regorus(home, lambda line: print(line, file=sys.stderr)) as engines:
            yield engines
    except EngineError as error:
        raise PostureError(f"regorus cannot judge here: {error}") from error
