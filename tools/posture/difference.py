"""What is different between two reports, as text diffs: base64 and digests hide exactly what matters."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.posture import words
from tools.posture.model import Posture, Trusted


@dataclass(frozen=True, kw_only=True)
class Change:
    """`diff` has the lines of a unified diff, without the two that name its files."""

    what: str
    diff: tuple[str, ...]


def between(before: Posture, after: Posture) -> tuple[Change, ...]:
    """Everything that a person can read and that is not the same; the most telling first."""
    old, new = texts(before), texts(after)
    return tuple(
        Change(what=what, diff=diff)
        for what in dict.fromkeys([*new, *old])
        if (diff := _diff(old.get(what, ""), new.get(what, "")))
    )


def texts(posture: Posture) -> Mapping[str, str]:
    """The report as named texts."""
    found = {"warnings": "\n".join(posture.warnings)}
    if posture.trusted:
        found |= dict(_trusted(posture.trusted))
    if posture.untrusted:
        found["workloads"] = "\n".join(
            f"{one.kind} {one.name}: {one.profile or '-'} ({words.STATES[one.state]})"
            for one in posture.untrusted.workloads
        )
    return found


def _trusted(hub: Trusted) -> Iterator[tuple[str, str]]:
    yield (
        "what the administrator of a spoke can do",
        "\n".join(
            line
            for profile in hub.profiles
            for line in (
                *(
                    f"{profile.label}: {what}: {answer}"
                    for what, answer in zip(words.POWERS, words.powers(profile.powers), strict=True)
                ),
                *words.host_files({profile.label: profile.powers}),
            )
        ),
    )
    yield (
        "who may read what",
        "\n".join(
            f"{row.path}: {reader.label.partition(',')[0]}{' (earlier version)' if reader.kind == 'earlier' else ''}"
            for row in hub.matrix.rows
            for reader, allowed in zip(hub.matrix.readers, row.allowed, strict=True)
            if allowed
        ),
    )
    yield (
        "PCR8",
        "\n".join(
            line
            for profile in hub.profiles
            for line in (
                f"{profile.label}: {profile.pcr8}",
                *(f"{profile.label}, earlier: {value}" for value in profile.accepted_earlier),
            )
        ),
    )
    yield (
        "what roots attestation",
        "\n".join(
            [
                *(f"{root.tee}: ANY" for root in hub.roots if not root.asked),
                *(
                    f"{root.tee}: {one.value} ({one.generation or 'UNKNOWN'})"
                    for root in hub.roots
                    for one in root.paravisors
                ),
            ]
        ),
    )
    yield (
        "advisories",
        "\n".join(f"{one.name}: {words.ADVISORY[one.state]}, {one.detail}" for one in hub.advisories),
    )
    yield (
        "what a guest must prove",
        "\n".join(
            f"{one.tee}: {one.what}: {'asked' if one.enforced else 'NOT asked'}" for one in hub.requirements
        ),
    )
    settings = (
        f"admin API: {hub.admin_api}",
        f"Trustee: {hub.trustee}",
        f"KBS: {hub.kbs_url}",
        f"certificate of {hub.issuer}",
    )
    yield "settings", "\n".join([*settings, *(f"serves: {name}" for name in hub.served_secrets)])
    for profile in hub.profiles:
        for name, text in profile.documents.items():
            yield f"{profile.called}: {name}", text
    for name, text in hub.documents.items():
        yield name, words.readable(name, text)


def _diff(old: str, new: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm="")
    return tuple(line for line in lines if not line.startswith(("--- ", "+++ ")))
