"""The file of a cluster: one line an object, the content of Secrets encrypted. A write succeeds as a whole or
changes nothing.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from sandbox.files import replace_file
from sandbox.openshift.apply import Path as FieldPath
from sandbox.openshift.objects import Manifest


@dataclass(frozen=True)
class Entry:
    """An object and who set what in it."""

    object: Manifest
    made_by: str
    applied: dict[str, Manifest] = field(default_factory=dict[str, Manifest])
    """What each applier last asked for, by field manager."""
    taken: dict[FieldPath, str] = field(default_factory=dict[FieldPath, str])
    """Fields that somebody wrote over what was applied, and who."""


class SecretCipher:
    """Writes entries as text and reads them back. `key` is 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(hmac.digest(key, b"secrets", "sha256")))

    def text(self, entry: Entry) -> str:
        content: dict[str, Any] = {
            "object": entry.object,
            "applied": entry.applied,
            "madeBy": entry.made_by,
            "taken": [[list(path), owner] for path, owner in entry.taken.items()],
        }
        if entry.object["kind"] == "Secret":
            sealed = {"data": entry.object.get("data"), "applied": entry.applied}
            content["object"] = {key: value for key, value in entry.object.items() if key != "data"}
            content["applied"] = {}
            content["sealed"] = self._fernet.encrypt(json.dumps(sealed).encode()).decode()
        return json.dumps(content)

    def entry(self, content: dict[str, Any]) -> Entry:
        manifest, applied = content["object"], content["applied"]
        if "sealed" in content:
            sealed = json.loads(self._opened(content["sealed"]))
            applied = sealed["applied"]
            if sealed["data"] is not None:
                manifest = {**manifest, "data": sealed["data"]}
        taken = {tuple(path): owner for path, owner in content["taken"]}
        return Entry(manifest, content["madeBy"], applied, taken)

    def _opened(self, sealed: str) -> bytes:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise ValueError("it was encrypted with another key") from None


def write(path: Path, head: dict[str, Any], lines: Iterable[str]) -> None:
    """`head` is a JSON object; the lines become its key `objects`."""
    text = json.dumps(head, indent=1).rstrip("}\n") + ',\n "objects": [\n' + ",\n".join(lines) + "\n]}\n"
    replace_file(path, text, private=True)
