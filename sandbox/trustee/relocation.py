"""The files of a KBS below a directory of this machine instead of the root of a container's.

Its configuration is the only document that is changed: paths get the directory in front, and the server's address becomes one
of the loopback interface.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.shapes import is_list, is_map
from sandbox.trustee.mounts import CONFIG, MountError

_PREFIXES = ("/etc/", "/opt/confidential-containers")
_SOCKETS = "http_server.sockets"


class Replacement(NamedTuple):
    """`where` is a dotted key of the configuration."""

    where: str
    before: str
    after: str


def write(files: Mapping[str, bytes], root: Path) -> None:
    """Below `root`, for its owner only. Raises MountError when a path points outside of it."""
    for path, content in files.items():
        target = root / path.lstrip("/")
        if ".." in target.parts:
            raise MountError(f"{path} is no place for a file of the KBS")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)


def relocated(
    files: Mapping[str, bytes], root: Path, address: str
) -> tuple[dict[str, bytes], list[Replacement]]:
    """`files` for a KBS that runs below `root` and listens on `address` (`127.0.0.1:8443`), and what that changed.

    The configuration keeps every other character: a changed value is replaced where it is written, and the result is parsed and
    compared with what was meant. Raises MountError when that fails.
    """
    text = files[CONFIG].decode()
    settings = _parsed(text)

    def moved(where: str, value: str) -> str:
        if where == _SOCKETS:
            return address
        return f"{root}{value}" if value.startswith(_PREFIXES) else value

    changes = [
        Replacement(where, value, new)
        for where, value in _texts(settings)
        if (new := moved(where, value)) != value
    ]
    if not any(change.where == _SOCKETS for change in changes):
        raise MountError(f"kbs-config.toml has no {_SOCKETS}, so it is not known where the KBS would listen")
    for _, before, after in dict.fromkeys(changes):
        text = text.replace(json.dumps(before), json.dumps(after))
    if _parsed(text) != _mapped(settings, moved):
        raise MountError(
            "kbs-config.toml writes a path or an address in another way than as a plain text in double quotes, "
            f"so it cannot be moved: {', '.join(change.where for change in changes)}"
        )
    return {**files, CONFIG: text.encode()}, changes


def port(files: Mapping[str, bytes]) -> int:
    """The port that the configuration names. Raises MountError when there is none."""
    sockets = [value for where, value in _texts(_parsed(files[CONFIG].decode())) if where == _SOCKETS]
    try:
        return int(sockets[0].rpartition(":")[2])
    except (IndexError, ValueError):
        raise MountError(f"kbs-config.toml has no {_SOCKETS} with a port") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MountError(f"kbs-config.toml is not TOML: {error}") from None


def _texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a TOML document with its key; items of a list have the key of the list."""
    match value:
        case str():
            yield where, value
        case _ if is_map(value):
            for key, item in value.items():
                yield from _texts(item, f"{where}.{key}" if where else key)
        case _ if is_list(value):
            for item in value:
                yield from _texts(item, where)
        case _:
            pass


def _mapped(value: Any, change: Callable[[str, str], str], where: str = "") -> Any:
    match value:
        case str():
            return change(where, value)
        case _ if is_map(value):
            return {
                key: _mapped(item, change, f"{where}.{key}" if where else key) for key, item in value.items()
            }
        case _ if is_list(value):
            return [_mapped(item, change, where) for item in value]
        case _:
            return value
