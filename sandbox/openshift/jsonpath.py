"""The JSONPath that `pulumi.com/waitFor` accepts, as far as it is used to look at objects: names, indices, `*`, and
filters that compare an item, or a field of it, with a text.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.shapes import is_list, is_map

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*)
      | \.?\[\s*(?P<quote>['"])(?P<key>.*?)(?P=quote)\s*\]
      | \.?\[\s*(?P<index>-?\d+)\s*\]
      | \.?(?P<all>\[\s*\*\s*\]|\*)
      | \[\s*\?\s*\(?\s*@(?P<field>(?:\.[\w-]+)*)\s*==\s*(?P<mark>['"])(?P<text>.*?)(?P=mark)\s*\)?\s*\]""",
    re.VERBOSE,
)


def select(path: str, value: Any) -> list[Any]:
    """Everything that a path such as `.status.conditions[?(@.type=='Ready')].status` finds; ValueError for a bad path."""
    found, position = [value], 1 if path.startswith("$") else 0
    while position < len(path):
        match = _STEP.match(path, position)
        if not match:
            raise ValueError(f"{path!r} is not understood from {path[position:]!r} on")
        found = [item for value in found for item in _step(match, value)]
        position = match.end()
    return found


def _step(match: re.Match[str], value: Any) -> list[Any]:
    name = match["name"] or match["key"]
    if name is not None:
        return [value[name]] if is_map(value) and name in value else []
    if match["index"] is not None:
        index = int(match["index"])
        return [value[index]] if is_list(value) and -len(value) <= index < len(value) else []
    items = list(value.values()) if is_map(value) else value if is_list(value) else []
    if match["all"]:
        return items
    return [item for item in items if select(match["field"], item) == [match["text"]]]
