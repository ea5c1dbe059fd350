"""``$(NAME)`` in commands, arguments and variables, as the kubelet replaces it.

The rule is that of k8s.io/kubernetes/third_party/forked/golang/expansion: ``$$`` is a dollar sign, ``$(NAME)`` the variable, and
the reference itself where there is no such variable; every other dollar sign stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_OPERATOR: Final = re.compile(r"\$(?:\$|\((?P<name>[^)]*)\))")
_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


@dataclass(frozen=True)
class Value:
    """An exact text, or with ``is_pattern`` a regular expression for the whole text, of what only the cluster knows."""

    text: str
    is_pattern: bool = False

    @property
    def pattern(self) -> str:
        return self.text if self.is_pattern else escape(self.text)


def escape(text: str) -> str:
    """A regular expression for exactly this text, in the syntax that Rust, RE2 and Python share."""
    return _META.sub(r"\\\g<0>", text)


def expand(text: str, lookup: Callable[[str], Value | None]) -> Value:
    """``lookup`` answers None for a name that is not set. The result is a pattern as soon as one value in it is."""
    parts: list[Value] = []
    end = 0
    for match in _OPERATOR.finditer(text):
        parts.append(Value(text[end : match.start()]))
        name: str | None = match["name"]
        found = Value("$") if name is None else lookup(name)
        parts.append(Value(match.group()) if found is None else found)
        end = match.end()
    parts.append(Value(text[end:]))
    if any(part.is_pattern for part in parts):
        return Value("".join(part.pattern for part in parts), is_pattern=True)
    return Value("".join(part.text for part in parts))
