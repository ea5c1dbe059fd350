"""What is wrong with a workload's files, and a cursor over a manifest that knows where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

_SHOWN: Final = 60  # characters of a value that a message repeats


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake.

    ``object`` is ``<kind> <name>``, empty for a mistake of the file. ``path`` is the field in the notation of `kubectl explain`
    with indices. ``value`` is None where there is nothing to show or where it might be secret.
    """

    file: str
    object: str
    path: str
    rule: str
    fix: str
    value: str | None = None

    def __str__(self) -> str:
        got = "" if self.value is None else f" (got {self.value})"
        where = ": ".join(part for part in (self.file, self.object, self.path) if part)
        return f"{where}: {self.rule}{got}: {self.fix}"


class WorkloadError(Exception):
    """Everything that is wrong with a workload, one problem a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Field:
    """A value in a manifest and its place. What is wrong is added to ``problems``, which all fields of a reading share."""

    value: Any
    file: str
    object: str
    path: str
    problems: list[Problem]

    def refuse(self, rule: str, fix: str, *, show: bool = True) -> None:
        value = _shown(self.value) if show else None
        self.problems.append(
            Problem(file=self.file, object=self.object, path=self.path, value=value, rule=rule, fix=fix)
        )

    def mapping(self) -> dict[str, Field]:
        """The fields inside; none, and a problem, where this is no mapping."""
        if isinstance(self.value, dict):
            inner = cast(dict[str, Any], self.value)
            return {key: self._inside(value, f"{self.path}{_step(key)}") for key, value in inner.items()}
        self.refuse("must be a mapping", "write it as key: value, one a line")
        return {}

    def sequence(self) -> list[Field]:
        """The elements; none, and a problem, where this is no list."""
        if isinstance(self.value, list):
            inner = cast(list[Any], self.value)
            return [self._inside(value, f"{self.path}[{index}]") for index, value in enumerate(inner)]
        self.refuse("must be a list", "write each element on a line of its own that begins with a dash")
        return []

    def text(self, *, show: bool = True) -> str:
        """The text; empty, and a problem, where this is none."""
        if isinstance(self.value, str):
            return self.value
        self.refuse("must be a text", "put the value in quotes", show=show)
        return ""

    def texts(self) -> tuple[str, ...]:
        return tuple(element.text() for element in self.sequence())

    def whole(self) -> int | None:
        """The number; None, and a problem, where this is none."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return self.value
        self.refuse("must be a whole number", "write it in digits, without quotes")
        return None

    def flag(self) -> bool | None:
        """True or false; None, and a problem, where this is neither."""
        if isinstance(self.value, bool):
            return self.value
        self.refuse("must be true or false", "write true or false, without quotes")
        return None

    def name(self) -> str:
        """The text of the field ``name``; empty where there is none, which is for other checks to report."""
        value = cast(dict[str, Any], self.value).get("name") if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    def require(self, key: str, fix: str) -> Field | None:
        """The field ``key``; a problem where it is missing."""
        found = self.mapping().get(key)
        if found is None and isinstance(self.value, dict):
            self._inside(None, f"{self.path}{_step(key)}").refuse("is missing", fix, show=False)
        return found

    def _inside(self, value: Any, path: str) -> Field:
        return Field(value, self.file, self.object, path.removeprefix("."), self.problems)


def _step(key: str) -> str:
    return f".{key}" if key.replace("-", "").isalnum() else f"[{json.dumps(key)}]"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
