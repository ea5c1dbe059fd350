"""Words and short forms that the text and the page share."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from tools.posture.model import (
    Access,
    AttackSummary,
    Matrix,
    PodPowers,
    Reader,
    ReferenceValue,
    Requirement,
    Root,
    Trusted,
    Untrusted,
)

POWERS = (
    "run commands",
    "read output",
    "write input",
    "replace policy",
    "other image",
    "other command",
    "extra variables",
    "mount over files",
    "replace files",
)
SAVED = ("workload", "snapshots", "starts from version", "kept for", "credential until")

FOOTNOTE = (
    '"replace files": files that no container mounts. What a mounted ConfigMap or Secret, /etc/hosts and the like hold is always '
    "the host's choice."
)
STATES = {
    "current": "as the hub has it",
    "earlier": "EARLIER version, still accepted",
    "refused": "NOT ACCEPTED any more",
    "unknown": "UNKNOWN initdata",
    "ordinary": "NOT CONFIDENTIAL, an ordinary pod",
}


def saved(hub: Trusted) -> list[tuple[str, ...]]:
    """A row for each workload whose data outlives its pods."""
    return [
        (
            one.workload,
            one.url,
            str(one.floor) if one.floor else "0, or empty",
            f"{one.keep_days} days",
            one.credentials_until,
        )
        for one in hub.saved
    ]


def powers(held: PodPowers) -> tuple[str, ...]:
    """An answer for each of POWERS."""
    return (
        _granted(held.exec),
        _yes(held.read_logs),
        _yes(held.write_stdin),
        _yes(held.set_policy),
        _granted(held.images) if held.other_image else "no",
        _yes(held.other_command),
        _yes(held.extra_environment),
        _yes(held.mount_over_files),
        _yes(held.replace_files),
    )


def host_files(held: Mapping[str, PodPowers]) -> list[str]:
    """A sentence for each holder that mounts what the host writes."""
    return [
        f"{name} mounts {', '.join(one.host_files)}: whoever runs the spoke writes what is in it, at any time."
        for name, one in held.items()
        if one.host_files
    ]


def holders(spoke: Untrusted) -> dict[str, PodPowers]:
    """Whose powers count on a spoke: those of each profile that pods run under, and of what is no profile by the pods' own names."""
    return {one.profile or one.name: one.powers for one in spoke.workloads if one.powers is not None}


def attacked(one: AttackSummary) -> str:
    """The outcome of the attacks on one workload."""
    if not one.through:
        return f"{one.tried} known attacks on {one.name}: none gets through."
    reached = (
        "which secrets that reaches is not known without its hub"
        if one.secrets is None
        else f"that reaches {', '.join(one.secrets)}"
        if one.secrets
        else "it may read no secret"
    )
    return f"{one.tried} known attacks on {one.name}: {one.through} get through, {reached}."


def more_on_attacks(stack: str) -> str:
    """Where the whole table of attacks is."""
    return f"What each attack does and what refuses it: make attack STACK={stack}"


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


def paravisors(root: Root) -> str:
    """Which may vouch for guests on a TEE."""
    if not root.asked:
        return "ANY: no measurement is asked for"
    return "; ".join(
        f"{one.value[:12]}... {one.generation}, seen {one.seen}"
        if one.generation
        else f"{one.value[:12]}... UNKNOWN"
        for one in root.paravisors
    )


def registers(root: Root) -> tuple[str, str]:
    """Those that are asked for, and those that are not, in short."""
    return _short(root.registers), _short(root.missing)


def _short(names: tuple[str, ...]) -> str:
    """PCR numbers alone where a name has one."""
    numbers = [match.group(1) for name in names if (match := re.search(r"\((PCR[^)]*)\)", name))]
    others = [name for name in names if "(PCR" not in name]
    return ", ".join([*others, *numbers])


ADVISORY = {"open": "APPLIES", "accepted": "accepted", "excluded": "excluded"}


def readable(name: str, text: str) -> str:
    """A document as a person can read it: reference values without their base64."""
    if name != "reference-values.json":
        return text
    document: Any = json.loads(text)
    if isinstance(document, Mapping):
        encoded: list[str] = list(document.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        document = [json.loads(base64.b64decode(entry, altchars=b"-_")) for entry in encoded]
    return json.dumps(document, indent=2) + "\n"


def _yes(granted: bool) -> str:
    return "YES" if granted else "no"


def _granted(power: str) -> str:
    return "no" if power == "none" else "YES, any" if power == "any" else power
