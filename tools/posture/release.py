"""Who may read which secret: the deployed resource policy, asked about every path with the token of everyone who might ask."""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from model.paths import ResourcePath, served
from tools.posture import rego
from tools.posture.model import Access, Matrix, Profile, Reader

ANYTHING_ELSE: Final = "anything else"
_PATH: Final = re.compile(r'\[\s*"([\w.-]+)",\s*"([\w.-]+)",\s*"([\w.-]+)"\s*\]')
_PCR8: Final = re.compile(r"\b[0-9a-f]{64}\b")
_GOOD: Final = {"executables": 3, "hardware": 2, "configuration": 2}
_BAD: Final = {"executables": 33, "hardware": 97, "configuration": 36}


def matrix(
    policy: str, profiles: Sequence[Profile], paths: Sequence[ResourcePath], *, trustee_1_0: bool
) -> Matrix:
    """`paths` come first, then those that only the policy names. PostureError as rego."""
    readers = tuple(_readers(policy, profiles))
    measured = [profile.pcr8 for profile in profiles]
    named: list[tuple[str, str, str]] = _PATH.findall(policy)  # whatever the policy says, be it no resource
    rows: list[Access] = []
    for parts in dict.fromkeys([*(path.parts for path in paths), *named]):
        asked = [rego.resource_policy(policy, parts, trustee_1_0=trustee_1_0)]
        rows.append(_row(f"kbs:///{'/'.join(parts)}", asked, readers, measured))
    rows.append(_row(ANYTHING_ELSE, _elsewhere(policy, paths, trustee_1_0), readers, measured))
    return Matrix(readers=readers, rows=tuple(rows))


def _row(
    path: str, asked: Sequence[rego.Policy], readers: Sequence[Reader], measured: Sequence[str]
) -> Access:
    def may_read(tokens: Iterator[Mapping[str, Any]]) -> bool:
        return any(policy.ask("data.policy.allow", token) is True for token in tokens for policy in asked)

    allowed: dict[Reader, bool] = {}
    for reader in readers:  # whoever did not attest comes last
        released = {one.pcr8 for one, may in allowed.items() if may}
        allowed[reader] = may_read(_tokens(reader, measured, released))
    return Access(path=path, allowed=tuple(allowed.values()))


def _readers(policy: str, profiles: Sequence[Profile]) -> Iterator[Reader]:
    for profile in profiles:
        yield Reader(kind="profile", label=profile.label, pcr8=profile.pcr8)
        for value in profile.accepted_earlier:
            yield Reader(kind="earlier", label=f"{profile.label}, earlier {value[:8]}", pcr8=value)
    known = {value for profile in profiles for value in (profile.pcr8, *profile.accepted_earlier)}
    for value in dict.fromkeys(_PCR8.findall(policy)):
        if value not in known:
            yield Reader(kind="unlisted", label=f"unlisted {value[:8]}", pcr8=value)
    yield Reader(kind="foreign", label="other initdata")
    yield Reader(kind="unattested", label="not attested")


def _tokens(
    reader: Reader, measured: Sequence[str], released: Collection[str | None]
) -> Iterator[Mapping[str, Any]]:
    """The tokens that stand for a reader: it may read what any of them may. ``released``: the values that may read it, attested.

    A value that may not is tried without attestation once, and not in each respect: with many readers that would take minutes.
    """
    match reader.kind:
        case "foreign":
            yield _token(secrets.token_hex(32))  # nobody can have listed this one
            yield _token("0" * 64)  # a guest without initdata
            yield _token("")
            yield {"submods": {"cpu0": {"ear.status": "affirming", "ear.trustworthiness-vector": _GOOD}}}
        case "unattested":
            for value in measured:
                yield from _unattested(value) if value in released else [_unaffirmed(value)]
            yield {"submods": {}}
            yield {}
        case _:
            yield _token(reader.pcr8 or "")


def _unattested(pcr8: str) -> Iterator[Mapping[str, Any]]:
    yield _unaffirmed(pcr8)
    yield _token(pcr8, status="warning")
    for claim, bad in _BAD.items():
        yield _token(pcr8, vector={**_GOOD, claim: bad})
    yield _token(pcr8, vector={})
    # A second device that does not affirm, beside a processor that does.
    yield {"submods": {**_token(pcr8)["submods"], "gpu0": _unaffirmed(pcr8)["submods"]["cpu0"]}}


def _unaffirmed(pcr8: str) -> dict[str, dict[str, dict[str, Any]]]:
    return _token(pcr8, status="contraindicated", vector=_BAD)


def _token(
    pcr8: str, *, status: str = "affirming", vector: Mapping[str, int] = _GOOD
) -> dict[str, dict[str, dict[str, Any]]]:
    """The part of an EAR token that a resource policy reads."""
    return {
        "submods": {
            "cpu0": {
                "ear.status": status,
                "ear.trustworthiness-vector": dict(vector),
                "ear.veraison.annotated-evidence": {"init_data": pcr8},
            }
        }
    }


def _elsewhere(policy: str, paths: Sequence[ResourcePath], trustee_1_0: bool) -> list[rego.Policy]:
    """Paths that nobody can have meant, and a known one asked of another plugin of the KBS."""
    first = (paths[0] if paths else served("a", "b")).parts
    foreign = [
        ["default", secrets.token_hex(8), secrets.token_hex(8)],
        ["default", first[1], secrets.token_hex(8)],
        [secrets.token_hex(8), *first[1:]],
    ]
    asked = [rego.resource_policy(policy, path, trustee_1_0=trustee_1_0) for path in foreign]
    return [*asked, rego.resource_policy(policy, first, trustee_1_0=trustee_1_0, plugin="pkcs11")]
