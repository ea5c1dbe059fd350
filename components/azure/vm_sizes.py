"""VM sizes: which are confidential and where, and which ARO takes. Data, as of `AS_OF`; pure."""

import re
from enum import StrEnum

AS_OF = "2026-11-21"


class Tee(StrEnum):
    """The kind of evidence that a confidential VM of Azure gives through its vTPM."""

    SNP = "az-snp-vtpm"
    TDX = "az-tdx-vtpm"


_FAMILY = re.compile(r"Standard_(DC|EC)([0-9]+)(ad?s|ed?s)_v([56])")
_VCPUS = (2, 4, 8, 16, 32, 48, 64, 96, 128)


def tee_of(size: str) -> Tee | None:
    match = _FAMILY.fullmatch(size)
    if match is None or int(match[2]) not in _VCPUS:
        return None
    return Tee.SNP if match[3].startswith("a") else Tee.TDX


def _sizes(*rows: tuple[str, tuple[int, ...]]) -> frozenset[str]:
    return frozenset(f"Standard_{form.format(n)}" for form, vcpus in rows for n in vcpus)


ARO_CONTROL_PLANE = _sizes(("D{}s_v5", (8, 16, 32)))
ARO_WORKERS = _sizes(("D{}s_v5", (4, 8, 16, 32, 64, 96)))
