"""What changes inside a resource, as lines for people: without secrets, and long values are shortened."""

from __future__ import annotations

import base64
import contextlib
import difflib
import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from sandbox.engine.values import SecretValue, plain
from sandbox.provider import UNKNOWN, Values
from sandbox.shapes import is_list, is_map

_LONGEST = 72
_MISSING = object()


def lines(old: Values, new: Values, forced_by: tuple[str, ...] = ()) -> Iterator[str]:
    """`~ key: old => new`, `+ key: value`, `- key: value`; a text of several lines as a unified diff below
    its key.

    `forced_by` names the properties that make it a replacement.
    """
    for path, before, after in _changes("", old, new):
        forced = any(
            path == key or path.startswith((f"{key}.", f"{key}[")) or key.startswith(f"{path}.")
            for key in forced_by
        )
        note = "  (forces replacement)" if forced else ""
        if before is _MISSING:
            yield f"+ {path}: {shown(after)}{note}"
        elif after is _MISSING:
            yield f"- {path}: {shown(before)}{note}"
        elif texts := _texts(before, after):
            yield f"~ {path}:{note}"
            diff = difflib.unified_diff(texts[0].splitlines(), texts[1].splitlines(), n=2, lineterm="")
            yield from (f"    {_shortened(line, 2 * _LONGEST)}" for line in list(diff)[2:])
        else:
            yield f"~ {path}: {shown(before)} => {shown(after)}{note}"


def shown(value: Any) -> str:
    """A value on one line."""
    match value:
        case SecretValue():
            return "[secret]"
        case str() if value == UNKNOWN:
            return "[known after up]"
        case str():
            first = value.splitlines()[0] if value else ""
            if value != first or len(value) > _LONGEST:
                return f"{first[: _LONGEST - 20]}... ({len(value)} characters)"
            return value or '""'
        case _ if is_map(value):
            return _shortened("{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}")
        case _ if is_list(value):
            return _shortened("[" + ", ".join(map(shown, value)) + "]")
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case _:
            return str(value)


def _shortened(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _changes(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if old is not _MISSING and new is not _MISSING and plain(old) == plain(new):
        return
    if is_map(old) and is_map(new):
        for key in sorted(old.keys() | new.keys()):
            step = f'["{key}"]' if "." in key or "/" in key else f".{key}" if path else key
            yield from _changes(path + step, old.get(key, _MISSING), new.get(key, _MISSING))
    elif is_list(old) and is_list(new) and (len(old) == len(new) or any(map(is_map, old + new))):
        for index, (before, after) in enumerate(zip_longest(old, new, fillvalue=_MISSING)):
            yield from _changes(f"{path}[{index}]", before, after)
    else:
        yield path, old, new


def _texts(old: Any, new: Any) -> tuple[str, str] | None:
    """Both values as texts of lines, where they are that; initdata is decoded, because base64 hides what
    matters.
    """
    if not (isinstance(old, str) and isinstance(new, str)) or UNKNOWN in (old, new):
        return None
    old, new = _readable(old), _readable(new)
    return (old, new) if "\n" in old and "\n" in new else None


def _readable(text: str) -> str:
    """Initdata as its TOML, and JSON with encoded JSON inside (reference values) with that decoded."""
    if text.startswith("H4sI"):
        from model.attestation import initdata

        with contextlib.suppress(initdata.InitdataError):
            return initdata.decode(text).toml
    if text.startswith("{"):
        with contextlib.suppress(ValueError, AttributeError, TypeError):
            document = {key: json.loads(base64.b64decode(value)) for key, value in json.loads(text).items()}
            return json.dumps(document, indent=2)
    return text
