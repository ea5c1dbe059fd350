"""Words and short forms that the text and the page share."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from tools.posture.model import Access, Matrix, Profile, Reader, ReferenceValue, Requirement, Workload

POWERS = (
    "run commands in it",
    "read its output",
    "write to its input",
    "replace its policy",
    "swap its image",
)
STATES = {
    "current": "as the hub has it",
    "earlier": "EARLIER version, still accepted",
    "refused": "NOT ACCEPTED any more",
    "unknown": "UNKNOWN initdata",
    "ordinary": "NOT CONFIDENTIAL, an ordinary pod",
}


def powers(profile: Profile | Workload) -> tuple[str, ...]:
    """An answer for each of POWERS."""
    held = profile.powers
    if held is None:
        return ("-",) * len(POWERS)
    return (
        _granted(held.exec),
        "YES" if held.read_logs else "no",
        "YES" if held.write_stdin else "no",
        "YES" if held.set_policy else "no",
        _granted(held.images),
    )


def cells(row: Access, matrix: Matrix) -> list[tuple[Reader, str, bool]]:
    """Reader, word, and whether the answer is one that nobody should want."""
    return [
        (reader, "may read" if allowed else "-", allowed and reader.kind not in ("profile", "earlier"))
        for reader, allowed in zip(matrix.readers, row.allowed, strict=True)
    ]


def origin(value: ReferenceValue) -> str:
    return {
        "verified": f"verified, {value.source}",
        "unverified": f"UNVERIFIED, {value.source}",
        "unknown": f"UNKNOWN, {value.source}",
        "profiles": "computed from the profiles",
    }[value.origin]


def requirements(tee: str, found: tuple[Requirement, ...]) -> tuple[list[str], list[str]]:
    """What a guest on `tee` must prove, and what it need not."""
    mine = [one for one in found if one.tee == tee]
    return [one.what for one in mine if one.enforced], [one.what for one in mine if not one.enforced]


def readable(name: str, text: str) -> str:
    """A document as a person can read it: reference values without their base64."""
    if name != "reference-values.json":
        return text
    document: Any = json.loads(text)
    if isinstance(document, Mapping):
        encoded: list[str] = list(document.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        document = [json.loads(base64.b64decode(entry, altchars=b"-_")) for entry in encoded]
    return json.dumps(document, indent=2) + "\n"


def _granted(power: str) -> str:
    return "no" if power == "none" else "YES, any" if power == "any" else power
