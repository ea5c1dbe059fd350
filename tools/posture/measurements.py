"""The deployed reference values, and who vouches for them: the reviewed files of this project, by OSC version."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from config.platform import PLATFORM_VALUES
from model.attestation import reference_values
from model.attestation.platform_values import ROOTS
from model.attestation.reference_values import ReferenceValues
from model.trustee.documents import Layout
from tools.posture import root
from tools.posture.deployment import PostureError
from tools.posture.model import ReferenceValue

FILES = Path("reference-values")


def deployed(text: str, layout: Layout) -> dict[str, dict[str, Any]]:
    """By name `{name, expiration, value}`, out of the document in the form of `layout`. Raises PostureError."""
    try:
        document = json.loads(text)
        entries = [
            json.loads(base64.b64decode(encoded, altchars=b"-_"))
            if layout.reference_values_are_encoded
            else encoded
            for encoded in (document.values() if layout.reference_values_are_encoded else document)
        ]
        return {str(entry["name"]): cast(dict[str, Any], entry) for entry in entries}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PostureError(f"The deployed reference values cannot be read ({error!r}).") from error


def registered(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """By name the accepted values, as the attestation service hands them to the policy."""
    return {name: [str(value) for value in _list(entry["value"])] for name, entry in entries.items()}


def traced(
    entries: Mapping[str, Mapping[str, Any]], project: Path, osc_versions: Sequence[str]
) -> tuple[ReferenceValue, ...]:
    """Each deployed value with who vouches for it: the platform values, or the file of an accepted OSC version, in `project`."""
    files = {version: _read(project / FILES / f"{version}.yaml") for version in osc_versions}
    reviewed = root.values(project)
    platform: Mapping[str, Sequence[str]] = reviewed.accepted(ROOTS).values if reviewed else {}
    return tuple(_traced(name, entries[name], files, platform) for name in sorted(entries))


def expired(value: ReferenceValue, now: datetime) -> bool:
    """A value whose end cannot be read counts as expired."""
    try:
        return now >= datetime.strptime(value.expires, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return True


def _traced(
    name: str,
    entry: Mapping[str, Any],
    files: Mapping[str, ReferenceValues | None],
    platform: Mapping[str, Sequence[str]],
) -> ReferenceValue:
    values = tuple(str(value) for value in _list(entry["value"]))
    origin: Literal["verified", "unverified", "unknown", "profiles"] = "profiles"
    source = "the profiles"
    if name in platform:
        source = str(PLATFORM_VALUES)
        origin = "unknown" if set(values) - set(platform[name]) else "verified"
    elif not name.endswith("_pcr08"):
        vouching = {version: file for version, file in files.items() if file and _vouched(file, name)}
        unvouched = set(values).difference(*(_vouched(file, name) for file in vouching.values()))
        source = ", ".join(f"{FILES}/{version}.yaml" for version in vouching) or "no reviewed file"
        origin = "verified" if all(file.verified for file in vouching.values()) else "unverified"
        origin = "unknown" if unvouched or not vouching else origin
    return ReferenceValue(
        name=name, values=values, expires=str(entry.get("expiration", "")), origin=origin, source=source
    )


def _vouched(file: ReferenceValues, name: str) -> set[str]:
    return set(file.pcrs.values().get(name.partition("_")[2], ()))


def _read(path: Path) -> ReferenceValues | None:
    try:
        return reference_values.read(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, reference_values.ReferenceValuesError):
        return None


def _list(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else [value]
