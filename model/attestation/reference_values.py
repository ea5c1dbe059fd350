"""Reference values: what genuine pod VMs measure, as reviewed data with its provenance.

Models of `reference-values/<OSC version>.yaml`. Registers 3, 4, 9, 11 and 12 belong to the pod VM image of one version
of OpenShift sandboxed containers (OSC); register 8 is the initdata and comes from the profiles. What hosts must be is in
`model.attestation.platform_values`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from model.attestation import reviewed
from model.attestation.reviewed import ReviewedData, ReviewedDataError
from model.digests import ImageDigest, Pcr
from model.versions import Version

PREFIXES: Final = {"az-snp-vtpm": "snp", "az-tdx-vtpm": "tdx"}
"""By TEE, what the names of its PCR reference values begin with."""


class ReferenceValuesError(ValueError):
    """The file cannot be used; the message names every problem."""


def _pcr(text: str) -> Pcr:
    value = text.lower().removeprefix(
        "0x"
    )  # the vendor's tool writes 0x; lstrip would eat leading zeros as well
    if not re.fullmatch(Pcr.PATTERN, value):
        raise ValueError(f"{text!r} is not {Pcr.FORM}")
    return Pcr(value)


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("an empty list accepts nothing: leave the name out or list a value")
    return tuple(dict.fromkeys(values))


_Pcrs = Annotated[tuple[Annotated[str, AfterValidator(_pcr)], ...], AfterValidator(_some)]


class Provenance(ReviewedData):
    """How the values were obtained. A digest or tool version that is not given counts as unknown.

    `pcr04`: the files that it was computed from, with their digests, or the machine that it was read from.
    """

    tool: str = Field(min_length=1)
    tool_version: str | None = Field(default=None, pattern=r"\d")
    image: str = Field(min_length=1)
    image_digest: ImageDigest | None = None
    signature_checked: bool = False
    transparency_log_checked: bool = False
    pcr04: str | None = Field(default=None, min_length=1)
    obtained: date


class Pcrs(ReviewedData):
    """Values by register; `model.attestation.registers` says what each holds.

    `pcr04` may be missing, because the vendor does not publish it. Without it nothing that the guest cannot write itself says which
    boot loader ran.
    """

    pcr03: _Pcrs
    pcr04: _Pcrs | None = None
    pcr09: _Pcrs
    pcr11: _Pcrs
    pcr12: _Pcrs

    def values(self) -> dict[str, tuple[str, ...]]:
        """The registers that are given, with their values."""
        return self.model_dump(exclude_none=True)


class ReferenceValues(ReviewedData):
    """One OSC version. Trustee 1.1 and later never look at `expires`, so whoever uses the values asks `problems` first."""

    osc_version: Version
    provenance: Provenance
    expires: Annotated[datetime, AfterValidator(_in_utc)]
    pcrs: Pcrs

    @property
    def verified(self) -> bool:
        """Whether a reviewer could trace the values: a signed image of known digest, read by a tool of known version."""
        origin = self.provenance
        return (
            origin.signature_checked and origin.image_digest is not None and origin.tool_version is not None
        )

    def problems(self, now: datetime) -> list[str]:
        """What forbids the use of these values at `now`, a sentence each."""
        if now < self.expires:
            return []
        return [
            f"The reference values of OSC {self.osc_version} expired on {self.expires:%Y-%m-%d}: read them again from "
            f"{self.provenance.image} and review them."
        ]


def read(text: str) -> ReferenceValues:
    """The values in a YAML `text`. Raises ReferenceValuesError with all problems."""
    try:
        return reviewed.read(ReferenceValues, text, "reference values")
    except ReviewedDataError as error:
        raise ReferenceValuesError(str(error)) from error


def merge(
    sets: Sequence[ReferenceValues],
    pcr8: Mapping[str, Sequence[str]],
    tees: Sequence[str],
    hosts: Mapping[str, Sequence[str]],
) -> dict[str, list[str]]:
    """Everything that is accepted, by the names attestation policies ask for (`snp_pcr03`, ..., `measurement`, ...).

    `pcr8` maps a profile to its measurements; the PCRs of a pod VM image are the same on every TEE of `tees`. `hosts` are the
    values of `platform_values`, by name. Values come in the order given, each once.
    """
    merged: dict[str, list[str]] = {}

    def accept(name: str, values: Sequence[str]) -> None:
        known = merged.setdefault(name, [])
        known.extend(value for value in dict.fromkeys(values) if value not in known)

    for tee in tees:
        prefix = PREFIXES[tee]
        for one in sets:
            for register, values in one.pcrs.values().items():
                accept(f"{prefix}_{register}", values)
        for measurements in pcr8.values():
            accept(f"{prefix}_pcr08", [_pcr(value) for value in measurements])
    for name, values in hosts.items():
        accept(name, values)
    return merged
