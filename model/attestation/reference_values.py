"""Reference values: what genuine pod VMs measure, as reviewed data with its provenance.

Models of `reference-values/<OSC version>.yaml`. Registers 3, 9, 11 and 12 belong to the pod VM image of one version
of OpenShift sandboxed containers (OSC); register 8 is the initdata and comes from the profiles. Values are text, as
Trustee's claims are: `"24"`, `"true"`, hex in lower case, `measurement` in base64.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, ClassVar, Final

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

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


def _launch_digest(text: str) -> str:
    try:
        length = len(base64.b64decode(text, validate=True))
    except binascii.Error:
        length = 0
    if length != 48:
        raise ValueError(f"{text!r} is not the base64 of a 48-byte launch measurement")
    return text


def _hex(text: str) -> str:
    if not re.fullmatch(r"(?:[0-9a-f]{2})+", text):
        raise ValueError(f"{text!r} is not hex in lower case")
    return text


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("an empty list accepts nothing: leave the name out or list a value")
    return tuple(dict.fromkeys(values))


_Values = Annotated[tuple[str, ...], AfterValidator(_some)]
_Pcrs = Annotated[tuple[Annotated[str, AfterValidator(_pcr)], ...], AfterValidator(_some)]
_Numbers = Annotated[tuple[Annotated[str, Field(pattern=r"^(0|[1-9]\d*)$")], ...], AfterValidator(_some)]
_Flags = Annotated[tuple[Annotated[str, Field(pattern=r"^(true|false)$")], ...], AfterValidator(_some)]
_Measurements = Annotated[tuple[Annotated[str, AfterValidator(_launch_digest)], ...], AfterValidator(_some)]
_HexValues = Annotated[tuple[Annotated[str, AfterValidator(_hex)], ...], AfterValidator(_some)]
_Whole = Annotated[int, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class _AsWritten(yaml.SafeLoader):
    """Scalars stay text, as YAML would make numbers of digits and of 0x and drop leading zeros; only null is null."""

    yaml_implicit_resolvers: ClassVar = {
        first: [resolver for resolver in resolvers if resolver[0] == "tag:yaml.org,2002:null"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Provenance(_Section):
    """How the values were obtained. A digest or tool version that is not given counts as unknown."""

    tool: str = Field(min_length=1)
    tool_version: str | None = Field(default=None, pattern=r"\d")
    image: str = Field(min_length=1)
    image_digest: ImageDigest | None = None
    signature_checked: bool = False
    transparency_log_checked: bool = False
    obtained: date


class Pcrs(_Section):
    """Firmware configuration (3), initrd (9), kernel image (11), command line and credentials (12)."""

    pcr03: _Pcrs
    pcr09: _Pcrs
    pcr11: _Pcrs
    pcr12: _Pcrs


class TcbMinimum(_Section):
    """The oldest firmware of one host generation: a host must reach all four to count as that generation.

    Whole hosts and not single numbers, because the generations number differently: as two separate lists, the microcode of
    an up-to-date Genoa (84) would pass on a Milan that needs 219.
    """

    bootloader: _Whole
    tee: _Whole
    snp: _Whole
    microcode: _Whole


class Hardware(_Section):
    """Hosts that may run pod VMs; every list that is given must match. Milan and Genoa hosts differ in most of them."""

    measurement: _Measurements | None = None
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
    mr_td: _HexValues | None = None
    mr_seam: _HexValues | None = None
    tcb_svn: _HexValues | None = None
    xfam: _HexValues | None = None

    def values(self) -> dict[str, tuple[str, ...]]:
        """The names that are given, with their values: the names of Trustee's reference values."""
        return self.model_dump(exclude_none=True)


class ReferenceValues(_Section):
    """One OSC version. Trustee 1.1 and later never look at `expires`, so whoever uses the values asks `problems` first."""

    osc_version: Version
    provenance: Provenance
    expires: Annotated[datetime, AfterValidator(_in_utc)]
    pcrs: Pcrs
    hardware: Hardware = Hardware()
    tcb_minimum: tuple[TcbMinimum, ...] = ()

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
            f"The reference values of OSC {self.osc_version} expired on {self.expires:%Y-%m-%d}: obtain them anew from "
            f"{self.provenance.image} and review them."
        ]


def read(text: str) -> ReferenceValues:
    """The values in a YAML `text`. Raises ReferenceValuesError with all problems."""
    try:
        return ReferenceValues.model_validate(yaml.load(text, _AsWritten))  # noqa: S506 -- a SafeLoader
    except yaml.YAMLError as error:
        raise ReferenceValuesError(f"The reference values are not YAML: {error}") from error
    except ValidationError as error:
        raise ReferenceValuesError(
            "\n".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        ) from error


def merge(
    sets: Sequence[ReferenceValues], pcr8: Mapping[str, Sequence[str]], tees: Sequence[str]
) -> dict[str, list[str]]:
    """Everything that is accepted, by the names attestation policies ask for (`snp_pcr03`, ..., `tcb_microcode`, ...).

    `pcr8` maps a profile to its measurements; the PCRs of a pod VM image are the same on every TEE of `tees`. Values come
    in the order given, each once. A hardware name is accepted as soon as one set lists it.
    """
    merged: dict[str, list[str]] = {}

    def accept(name: str, values: Sequence[str]) -> None:
        known = merged.setdefault(name, [])
        known.extend(value for value in dict.fromkeys(values) if value not in known)

    for tee in tees:
        prefix = PREFIXES[tee]
        for one in sets:
            for register, values in one.pcrs.model_dump().items():
                accept(f"{prefix}_{register}", values)
        for measurements in pcr8.values():
            accept(f"{prefix}_pcr08", [_pcr(value) for value in measurements])
    for one in sets:
        for name, values in one.hardware.values().items():
            accept(name, values)
    return merged
