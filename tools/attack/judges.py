"""Who judges the attacks."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox.guest.api import (
    LINES,
    AgentChanged,
    AgentLine,
    EngineError,
    PolicyEngine,
    Regopy,
    agent_unavailable,
    agents,
    regorus,
)
from tools.posture.deployment import PostureError

NAMES: Final = ("regopy", "regorus", "agent")


@contextmanager
def named(name: str, home: Path) -> Generator[Sequence[PolicyEngine]]:
    """The engines of a name, one for each version. `home` is where regorus is built. Raises PostureError where none can judge here."""
    if name == "regopy":
        yield [Regopy()]
        return
    if name == "agent":
        yield from _agents()
        return
    try:
        with regorus(home, lambda line: print(line, file=sys.stderr)) as engines:
            yield engines
    except EngineError as error:
        raise PostureError(f"regorus cannot judge here: {error}") from error


def _agents() -> Generator[Sequence[PolicyEngine]]:
    """Real agents of each line that there is."""
    missing: dict[AgentLine, str | None] = {line: agent_unavailable(line) for line in LINES}
    if all(missing.values()):
        raise PostureError(
            f"no real agent can judge here: {'; '.join(dict.fromkeys(filter(None, missing.values())))}"
        )
    try:
        with agents([line for line, reason in missing.items() if reason is None]) as engines:
            yield engines
    except AgentChanged as error:
        raise PostureError(f"a real agent did not do as its policy says: {error}") from error
