"""The report as data. `as_json` is its stable form, documented in docs/posture.md."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, Literal, cast

FORMAT: Final = 1
"""Raised when a reader of the JSON would have to change."""


@dataclass(frozen=True, kw_only=True)
class PodPowers:
    """What an administrator of the spoke could do to a pod. `exec` and `images` are words: `none`, `any`, `only ...`.

    `images` is what the image policy admits. From `other_image` on they are those of `model.policy.powers.Powers`: containers that
    are not the pod's own, files that no container mounts, a policy that fails open, whether nothing but the pod as its owner wrote it
    can be created, whether all powers together amount to running anything, and where a workload mounts what the host writes.
    """

    exec: str
    read_logs: bool
    write_stdin: bool
    set_policy: bool
    images: str
    other_image: bool
    other_command: bool
    extra_environment: bool
    mount_over_files: bool
    replace_files: bool
    fails_open: bool
    pinned: bool
    full: bool
    host_files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a pod can be measured as: a profile, or a workload on one spoke, which has its own document there.

    `spoke` is None for a profile. `accepted_earlier` are PCR8 values of former versions that Trustee still takes. `documents` by
    file name.
    """

    name: str
    spoke: str | None
    pcr8: str
    accepted_earlier: tuple[str, ...]
    algorithm: str
    digest: str
    kbs_url: str
    powers: PodPowers
    documents: Mapping[str, str]

    @property
    def label(self) -> str:
        """Its name in tables."""
        return f"{self.name} on {self.spoke}" if self.spoke else self.name

    @property
    def called(self) -> str:
        """Its name in sentences."""
        return f"workload {self.label}" if self.spoke else f"profile {self.name}"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who asks: `profile` with the present PCR8 of a profile or workload, `earlier` with one it had, `unlisted` with a PCR8 that the policy names but
    no profile has, `foreign` with any other, or `unattested`: with the right one, but evidence that does not affirm.
    """

    kind: Literal["profile", "earlier", "unlisted", "foreign", "unattested"]
    label: str
    pcr8: str | None = None


@dataclass(frozen=True, kw_only=True)
class Access:
    """`allowed` has an answer for each reader of the matrix, in its order."""

    path: str
    allowed: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    readers: tuple[Reader, ...]
    rows: tuple[Access, ...]


@dataclass(frozen=True, kw_only=True)
class ReferenceValue:
    """`origin` says who vouches for the values: `verified`, `unverified`, `unknown`, or `profiles` for PCR8."""

    name: str
    values: tuple[str, ...]
    expires: str
    origin: Literal["verified", "unverified", "unknown", "profiles"]
    source: str


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Whether evidence with this one thing wrong stops being affirmed."""

    tee: str
    what: str
    enforced: bool


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What outlives the pods of a workload: where its snapshots are, the version from which a pod may start, and for how many days
    none can be deleted. `credentials_until` is the last day on which pods can reach them.
    """

    workload: str
    url: str
    floor: int
    keep_days: int
    credentials_until: str


@dataclass(frozen=True, kw_only=True)
class Paravisor:
    """`value`: its measurement. `generation`, `seen` and `source` are those of the reviewed file, None where it does not hold it."""

    value: str
    generation: str | None
    seen: str | None
    source: str | None


@dataclass(frozen=True, kw_only=True)
class Root:
    """What vouches for guests on one TEE. `asked`: whether the policy asks for a paravisor at all; `firmware`: for a minimum of firmware,
    on TDX for firmware that is up to date. `registers` and `missing`: in words, those that the policy asks for and those that it does not.
    """

    tee: str
    asked: bool
    paravisors: tuple[Paravisor, ...]
    firmware: bool
    registers: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """An advisory about versions that the stack uses. `detail`: what helps where it is `open`, until when and why it is `accepted`, or what
    the stack does that makes it `excluded`.
    """

    name: str
    state: Literal["open", "accepted", "excluded"]
    title: str
    who: str
    affected: tuple[str, ...]
    detail: str


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """What decides: the hub's part. `documents` are the texts that Trustee reads, by name. `issuer` signs the KBS's certificate."""

    kbs_url: str
    issuer: str
    trustee: str
    admin_api: str
    token_minutes: int | None
    osc_versions: tuple[str, ...]
    tees: tuple[str, ...]
    served_secrets: tuple[str, ...]
    profiles: tuple[Profile, ...]
    matrix: Matrix
    requirements: tuple[Requirement, ...]
    roots: tuple[Root, ...]
    advisories: tuple[Advisory, ...]
    reference_values: tuple[ReferenceValue, ...]
    saved: tuple[Saved, ...]
    documents: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PodRow:
    """`profile` is the label of a profile or workload of the hub, None for an ordinary pod and where the hub has none. `state` says
    which of these it is.
    """

    name: str
    kind: str
    profile: str | None
    state: Literal["current", "earlier", "refused", "unknown", "ordinary"]
    pcr8: str | None
    powers: PodPowers | None


@dataclass(frozen=True, kw_only=True)
class AttackSummary:
    """One workload: how many attacks of the catalogue apply to it, and how many its policy lets through.

    `secrets` are those that its initdata may read, None where the hub's policy is not known.
    """

    name: str
    tried: int
    through: int
    secrets: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Untrusted:
    """What runs: the spoke's part. `attacks` is None where none were tried."""

    hub: str
    kbs_url: str
    workloads: tuple[PodRow, ...]
    attacks: tuple[AttackSummary, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Posture:
    """`warnings` are what somebody must know and decide on; `notes` are what the report cannot say."""

    stack: str
    role: Literal["hub", "spoke", "standalone"]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    trusted: Trusted | None = None
    untrusted: Untrusted | None = None


def as_json(posture: Posture) -> dict[str, Any]:
    return {"format": FORMAT, **_plain(posture)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {_camel(one.name): _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in cast(tuple[Any, ...], value)]
    return dict(cast(Mapping[str, Any], value)) if isinstance(value, Mapping) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
