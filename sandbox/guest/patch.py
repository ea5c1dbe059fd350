"""JSON patches (RFC 6902), as policies give them in `ops` to change their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.shapes import is_list


class PatchError(ValueError):
    """The patch does not fit the document."""


def patched(document: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """A changed copy of `document`, which shares with it what did not change.

    Knows `add`, `remove`, `replace` and `test`. Raises PatchError on others and on paths that are not there.
    """
    for operation in operations:
        try:
            names = [name.replace("~1", "/").replace("~0", "~") for name in operation["path"].split("/")[1:]]
            document = _changed(document, names, operation)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            what = f"{operation.get('op')} {operation.get('path')}"
            raise PatchError(f"{what} cannot be applied: {error!r}") from error
    return document


def _changed(place: Any, names: list[str], operation: Mapping[str, Any]) -> Any:
    first, *rest = names
    copy: Any = list(place) if is_list(place) else dict(place)
    key: Any = int(first) if is_list(place) and first != "-" else first
    if rest:
        copy[key] = _changed(copy[key], rest, operation)
        return copy
    match operation["op"]:
        case "add" if is_list(copy):
            copy.insert(len(copy) if key == "-" else key, operation["value"])
        case "add":
            copy[key] = operation["value"]
        case "replace":
            _ = copy[key]
            copy[key] = operation["value"]
        case "remove":
            del copy[key]
        case "test":
            if copy[key] != operation["value"]:
                raise ValueError(f"the value is {copy[key]!r}")
        case other:
            raise ValueError(f"{other!r} is not known here")
    return copy
