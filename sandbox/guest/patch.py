"""JSON patches (RFC 6902), as policies give them in `ops` to change their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any


class PatchError(ValueError):
    """The patch does not fit the document."""


def patched(document: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """A changed copy of `document`. Knows `add`, `remove`, `replace` and `test`; raises PatchError on others and on what is not there."""
    result = deepcopy(document)
    for operation in operations:
        try:
            result = _one(result, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise PatchError(
                f"{operation.get('op')} {operation.get('path')} cannot be applied: {error!r}"
            ) from error
    return result


def _one(document: Any, operation: Mapping[str, Any]) -> Any:
    *parents, last = [
        part.replace("~1", "/").replace("~0", "~")
        for part in ("/" + operation["path"].lstrip("/")).split("/")[1:]
    ]
    place = document
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    known: Any = int(last) if isinstance(place, list) and last != "-" else last
    match operation["op"]:
        case "add" if isinstance(place, list):
            place.insert(len(place) if last == "-" else known, deepcopy(operation["value"]))
        case "add":
            place[known] = deepcopy(operation["value"])
        case "replace":
            _ = place[known]
            place[known] = deepcopy(operation["value"])
        case "remove":
            del place[known]
        case "test":
            if place[known] != operation["value"]:
                raise ValueError(f"the value is {place[known]!r}")
        case other:
            raise ValueError(f"{other!r} is not known here")
    return document
