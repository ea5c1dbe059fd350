"""The stand-in's cloud: the resources there are, in one JSON file that two processes may share.

Credentials are never part of it. Every change is one transaction: what a killed process had not finished is not
there.
"""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import json
import re
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from sandbox.files import replace_file, understood
from sandbox.provider import Refused, Values

# The file is JSON with a line for each resource, so that one can be changed without parsing them all.
_HEAD = '{"version": 1, "resources": [\n'
_TAIL = "\n]}\n"
_ID = re.compile(r'\{"id": "([^"]+)"')
_GROUP = re.compile(r"(?i)/subscriptions/[^/]+/resourceGroups/[^/]+")


@dataclass(kw_only=True)
class AzureRecord:
    """A resource as the last request left it (`put`) and as it is (`state`), both shaped like its inputs.

    `inputs` is that request. `origin` says who made it: the program, `aro` (the resource provider), or `existing` (it was
    there before). `facts` is what the type's own rules keep.
    """

    id: str
    type: str
    inputs: Values
    put: Values
    state: Values
    origin: str = "program"
    revision: int = 0
    created: str = ""
    facts: Values = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.id.rsplit("/", 1)[-1]

    @property
    def etag(self) -> str:
        return f'W/"{guid(f"{self.id}#{self.revision}")}"'


class Contents:
    """All there is, by id in lower case, because ARM compares ids without regard to case.

    Records are kept as JSON until somebody asks for them: otherwise each of fifty spokes would make the next one
    slower. A
    record is a copy, and a change of it counts once it is `put`.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = {_id(line).lower(): line for line in lines}

    def __iter__(self) -> Iterator[AzureRecord]:
        return map(_record, list(self._lines.values()))

    def __getitem__(self, id_: str) -> AzureRecord:
        return _record(self._lines[id_.lower()])

    def find(self, id_: str) -> AzureRecord | None:
        line = self._lines.get(id_.lower())
        return _record(line) if line else None

    def of(self, type_: str) -> list[AzureRecord]:
        return [_record(line) for line in self._lines.values() if f'"type": "{type_}"' in line]

    def inside(self, id_: str) -> list[AzureRecord]:
        """Everything whose id continues `id_`: subnets of a network, contents of a group, role assignments on either."""
        return [_record(line) for id, line in self._lines.items() if id.startswith(f"{id_.lower()}/")]

    def put(self, record: AzureRecord) -> None:
        record.revision += 1
        record.created = record.created or datetime.now(UTC).isoformat(timespec="seconds")
        self._lines[record.id.lower()] = json.dumps(vars(record))

    def remove(self, id_: str) -> None:
        """The resource and all that only exists within it."""
        id_ = id_.lower()
        self._lines = {
            id: line for id, line in self._lines.items() if id != id_ and not id.startswith(f"{id_}/")
        }

    def group_of(self, id_: str) -> AzureRecord:
        """The resource group an id lies in. Raises Refused when there is none of that name."""
        match = _GROUP.match(id_)
        found = self.find(match.group()) if match else None
        if match is None or found is None:
            name = match.group().rsplit("/", 1)[-1] if match else id_
            raise Refused("ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
        return found

    def to_json(self) -> str:
        return _HEAD + ",\n".join(self._lines.values()) + _TAIL


def _id(line: str) -> str:
    match = _ID.match(line)
    if match is None:
        raise ValueError(f"no resource of the sandbox's Azure: {line[:80]}")
    return match[1]


def _record(line: str) -> AzureRecord:
    return AzureRecord(**json.loads(line))


class Cloud:
    """The file. `look` and `change` are safe between threads and between processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.Lock()

    def look(self) -> Contents:
        with self._locked():
            return self._load()

    @contextmanager
    def change(self) -> Generator[Contents, None, None]:
        """One transaction: it is written when the block ends, and not at all when it raises."""
        with self._locked():
            contents = self._load()
            yield contents
            replace_file(self.path, contents.to_json())

    def _load(self) -> Contents:
        if not self.path.exists():
            return Contents([])
        with understood(self.path):
            text = self.path.read_text("utf-8")
            if not (text.startswith(_HEAD) and text.endswith(_TAIL)):
                raise ValueError(self.path)
            lines = text[len(_HEAD) : -len(_TAIL)]
            return Contents(lines.split(",\n") if lines else [])

    @contextmanager
    def _locked(self) -> Generator[None, None, None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._mutex, self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def guid(seed: str) -> str:
    """A GUID that is always the same for the same seed."""
    return str(uuid5(NAMESPACE_URL, seed.lower()))


def public_address(seed: str) -> str:
    """An IPv4 address that is always the same for the same seed, from the range that is reserved for benchmarks."""
    addresses = ipaddress.IPv4Network("198.18.0.0/15")
    number = int.from_bytes(hashlib.sha256(seed.lower().encode()).digest()[:4], "big")
    return str(addresses[1 + number % (addresses.num_addresses - 2)])
