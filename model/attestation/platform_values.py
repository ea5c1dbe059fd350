"""Platform values: which paravisors and which hosts may vouch for a guest, as reviewed data.

Models of `platform-values/azure.yaml`. On Azure the vTPM that signs a guest's registers is a part of the paravisor, the firmware
that Azure starts before the guest. So the registers are worth as much as the measurement of the paravisor: without it, anybody with a
machine of AMD's signs any registers with a key of their own. Values are text, as Trustee's claims are: `measurement` in base64 (AMD SEV-SNP firmware ABI, 56860,
ATTESTATION_REPORT), `mrTd` in hex (Intel TDX module, TDREPORT).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from model.attestation import reviewed
from model.attestation.reviewed import ReviewedData, ReviewedDataError

SNP: Final = "az-snp-vtpm"
TDX: Final = "az-tdx-vtpm"
ROOTS: Final = {SNP: "measurement", TDX: "mr_td"}
"""By TEE, the reference value that names the paravisor."""


class PlatformValuesError(ValueError):
    """The file cannot be used; the message names every problem."""


def _launch_digest(text: str) -> str:
    try:
        length = len(base64.b64decode(text, validate=True))
    except binascii.Error:
        length = 0
    if length != 48:
        raise ValueError(f"{text!r} is not the base64 of a 48-byte launch measurement")
    return text


def _register(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{96}", text):
        raise ValueError(f"{text!r} is not 48 bytes as hex in lower case")
    return text


def _hex(text: str) -> str:
    if not re.fullmatch(r"(?:[0-9a-f]{2})+", text):
        raise ValueError(f"{text!r} is not hex in lower case")
    return text


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("an empty list accepts nothing: leave the name out or list a value")
    return tuple(dict.fromkeys(values))


_Numbers = Annotated[tuple[Annotated[str, Field(pattern=r"^(0|[1-9]\d*)$")], ...], AfterValidator(_some)]
_Flags = Annotated[tuple[Annotated[str, Field(pattern=r"^(true|false)$")], ...], AfterValidator(_some)]
_HexValues = Annotated[tuple[Annotated[str, AfterValidator(_hex)], ...], AfterValidator(_some)]
_Digest = Annotated[str, AfterValidator(_register)]
_Whole = Annotated[int, Field(ge=0)]


class TcbMinimum(ReviewedData):
    """The oldest firmware of one generation: a host must reach all four to count as that generation.

    Whole hosts and not single numbers, because the generations number differently: as two separate lists, the microcode of
    an up-to-date Genoa (84) would pass on a Milan that needs 219.
    """

    bootloader: _Whole
    tee: _Whole
    snp: _Whole
    microcode: _Whole


class _Seen(ReviewedData):
    """`seen`: the day of the evidence. `source`: where it came from."""

    seen: date
    source: str = Field(min_length=1)


class SnpParavisor(_Seen):
    """One build of the paravisor on AMD. `guest_svn` and `id_key_digest` are of its report; Trustee reads neither."""

    measurement: Annotated[str, AfterValidator(_launch_digest)]
    guest_svn: _Whole
    id_key_digest: _Digest

    @property
    def root(self) -> str:
        """The reference value."""
        return self.measurement


class TdxParavisor(_Seen):
    """One build of the paravisor on Intel."""

    mr_td: _Digest

    @property
    def root(self) -> str:
        """The reference value."""
        return self.mr_td


class SnpGeneration(ReviewedData):
    """One generation of AMD's processors. `minimum_guest_svn`: security version of the oldest paravisor that is still accepted."""

    tee: Literal["az-snp-vtpm"]
    tcb_minimum: TcbMinimum
    minimum_guest_svn: _Whole
    paravisors: Annotated[tuple[SnpParavisor, ...], Field(min_length=1)]


class TdxGeneration(ReviewedData):
    """Intel's processors. Their firmware must be up to date in any case, which Intel's collateral says."""

    tee: Literal["az-tdx-vtpm"]
    paravisors: Annotated[tuple[TdxParavisor, ...], Field(min_length=1)]


Generation = Annotated[SnpGeneration | TdxGeneration, Field(discriminator="tee")]


class HostClaims(ReviewedData):
    """What else a host must show; every list that is given must match. Generations differ in most of them."""

    tcb_bootloader: _Numbers | None = None
    tcb_tee: _Numbers | None = None
    tcb_snp: _Numbers | None = None
    tcb_microcode: _Numbers | None = None
    smt_enabled: _Flags | None = None
    tsme_enabled: _Flags | None = None
    abi_major: _Numbers | None = None
    abi_minor: _Numbers | None = None
    single_socket: _Flags | None = None
    smt_allowed: _Flags | None = None
    mr_seam: _HexValues | None = None
    tcb_svn: _HexValues | None = None
    xfam: _HexValues | None = None

    def values(self) -> dict[str, tuple[str, ...]]:
        """The names that are given, with their values: the names of Trustee's reference values."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What a hub accepts of a file: `values` by reference value name, and the firmware one of which a host must reach (SNP)."""

    values: Mapping[str, tuple[str, ...]]
    tcb_minimum: tuple[TcbMinimum, ...]


class PlatformValues(ReviewedData):
    """`id_key_digests`: the keys that Microsoft signs paravisors with (SHA-384 as in the report's ID_KEY_DIGEST).

    `generations` by name. `max_age_days`: how long after the last evidence of a generation somebody must look again, because Azure
    changes paravisors without notice.
    """

    max_age_days: Annotated[int, Field(ge=1, le=366)]
    id_key_digests: Annotated[tuple[_Digest, ...], AfterValidator(_some)]
    generations: Mapping[str, Generation]
    hosts: HostClaims = HostClaims()

    @model_validator(mode="after")
    def _signed_and_recent(self) -> Self:
        for name, generation in self.generations.items():
            for one in generation.paravisors if isinstance(generation, SnpGeneration) else ():
                if one.id_key_digest not in self.id_key_digests:
                    raise ValueError(
                        f"the paravisor {one.measurement[:8]}... of {name} is signed with a key that is not among idKeyDigests"
                    )
                if isinstance(generation, SnpGeneration) and one.guest_svn < generation.minimum_guest_svn:
                    raise ValueError(
                        f"the paravisor {one.measurement[:8]}... of {name} has guestSvn {one.guest_svn}, below minimumGuestSvn"
                        f" {generation.minimum_guest_svn}"
                    )
        return self

    def of(
        self, tees: Iterable[str], generations: Iterable[str] = ()
    ) -> dict[str, SnpGeneration | TdxGeneration]:
        """The generations on `tees`, by name; where `generations` names some, only those."""
        named, wanted = frozenset(generations), frozenset(tees)
        return {
            name: one
            for name, one in self.generations.items()
            if one.tee in wanted and (not named or name in named)
        }

    def accepted(self, tees: Iterable[str], generations: Iterable[str] = ()) -> Accepted:
        """What a hub with these TEEs and generations accepts."""
        found = self.of(tees, generations)
        values: dict[str, tuple[str, ...]] = {}
        for one in found.values():
            name = ROOTS[one.tee]
            known = values.get(name, ())
            values[name] = tuple(dict.fromkeys((*known, *(each.root for each in one.paravisors))))
        minima = [one.tcb_minimum for one in found.values() if isinstance(one, SnpGeneration)]
        return Accepted(values={**values, **self.hosts.values()}, tcb_minimum=tuple(minima))

    def stale(self, names: Iterable[str], today: date) -> Iterator[tuple[str, date]]:
        """Those of the generations `names` that nobody has looked at for `max_age_days`, with the day of the last evidence."""
        for name in names:
            last = max(one.seen for one in self.generations[name].paravisors)
            if today - last > timedelta(days=self.max_age_days):
                yield name, last


def read(text: str) -> PlatformValues:
    """The values in a YAML `text`. Raises PlatformValuesError with all problems."""
    try:
        return reviewed.read(PlatformValues, text, "platform values")
    except ReviewedDataError as error:
        raise PlatformValuesError(str(error)) from error
