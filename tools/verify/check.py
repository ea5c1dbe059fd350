"""One line of the comparison, and how two objects are compared."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from tools.posture.deployment import SEALED

State = Literal["ok", "differs", "not checked"]
_SHOWN: Final = 100  # characters of a value that a line repeats


@dataclass(frozen=True, kw_only=True)
class LiveCheck:
    """`detail` says what is different, or why it could not be checked."""

    subject: str
    what: str
    state: State
    detail: str = ""

    @classmethod
    def of(cls, subject: str, what: str, problems: list[str]) -> "LiveCheck":
        """`ok` where there are no problems."""
        return cls(
            subject=subject, what=what, state="differs" if problems else "ok", detail="; ".join(problems)
        )

    @classmethod
    def skipped(cls, subject: str, what: str, reason: str) -> "LiveCheck":
        return cls(subject=subject, what=what, state="not checked", detail=reason)


def differences(wanted: Any, live: Any, path: str = "") -> Iterator[str]:
    """Where `live` differs from `wanted`. What only `live` has, such as an API server's defaults, does not count.

    Secrets in `wanted` are not compared: their values are not known here.
    """
    if wanted is SEALED:
        return
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for key, value in cast(Mapping[str, Any], wanted).items():
            below = f"{path}.{key}" if path else key
            yield from differences(value, cast(Mapping[str, Any], live).get(key), below)
    elif (
        isinstance(wanted, list)
        and isinstance(live, list)
        and len(cast(list[Any], live)) == len(cast(list[Any], wanted))
    ):
        for place, (one, other) in enumerate(
            zip(cast(list[Any], wanted), cast(list[Any], live), strict=True)
        ):
            yield from differences(one, other, f"{path}[{place}]")
    elif wanted != live and (wanted or live or isinstance(wanted, bool)):  # an API server drops what is empty
        yield f"{path} {_change(wanted, live)}"


def _change(wanted: Any, live: Any) -> str:
    if live is None:
        return f"is missing (should be {_short(wanted)})"
    if isinstance(wanted, str) and isinstance(live, str) and "\n" in wanted:
        lines = difflib.unified_diff(wanted.splitlines(), live.splitlines(), n=0, lineterm="")
        changed = [f"{line[0]}{line[1:].strip()}" for line in list(lines)[2:] if not line.startswith("@@")]
        return f"has other lines: {' | '.join(map(_short, changed[:4]))}{' ...' if len(changed) > 4 else ''}"
    return f"is {_short(live)}, should be {_short(wanted)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
