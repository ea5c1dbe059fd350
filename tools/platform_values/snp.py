"""AMD SEV-SNP: the attestation report, and what Trustee leaves unread in it.

Layout and meaning: AMD, "SEV Secure Nested Paging Firmware ABI Specification" (56860), ATTESTATION_REPORT and TCB_VERSION; object
identifiers of the VCEK: AMD, "Versioned Chip Endorsement Key Certificate and KDS Interface Specification" (57230).
"""

import base64
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from tools.platform_values import certificates
from tools.platform_values.refused import EvidenceRefused

_SIGNED: Final = 0x2A0
_OID: Final = "1.3.6.1.4.1.3704.1"
_SPL: Final = {
    "bootloader": f"{_OID}.3.1",
    "tee": f"{_OID}.3.2",
    "snp": f"{_OID}.3.3",
    "microcode": f"{_OID}.3.8",
}
_DEBUG: Final = 1 << 19
_MIGRATION: Final = 1 << 18
_TURIN: Final = 0x1A


@dataclass(frozen=True, kw_only=True)
class Report:
    """The fields that somebody must judge; digests are raw bytes. `family` and `model` of the CPU are None before version 3."""

    raw: bytes
    version: int
    guest_svn: int
    policy: int
    vmpl: int
    key_info: int
    report_data: bytes
    measurement: bytes
    id_key_digest: bytes
    tcb: Mapping[str, int]
    family: int | None
    model: int | None
    chip_id: bytes

    @property
    def measurement_text(self) -> str:
        """As Trustee's claim has it."""
        return base64.b64encode(self.measurement).decode("ascii")


def read(raw: bytes) -> Report:
    """Raises EvidenceRefused."""
    if len(raw) < 1184:
        raise EvidenceRefused("The SNP report is cut off: it has 1184 bytes.")
    version, guest_svn, policy = struct.unpack_from("<IIQ", raw, 0)
    if not 2 <= version <= 5:
        raise EvidenceRefused(f"The SNP report has version {version}, and 2 to 5 are known.")
    family, model = (raw[0x188], raw[0x189]) if version >= 3 else (None, None)
    return Report(
        raw=raw[:1184],
        version=version,
        guest_svn=guest_svn,
        policy=policy,
        vmpl=struct.unpack_from("<I", raw, 0x30)[0],
        key_info=struct.unpack_from("<I", raw, 0x48)[0],
        report_data=raw[0x50:0x90],
        measurement=raw[0x90:0xC0],
        id_key_digest=raw[0xE0:0x110],
        tcb=_tcb(raw[0x180:0x188], turin=family == _TURIN),
        family=family,
        model=model,
        chip_id=raw[0x1A0:0x1E0],
    )


def _tcb(raw: bytes, *, turin: bool) -> dict[str, int]:
    first = 1 if turin else 0  # Turin's begins with the version of the FMC
    return {
        "bootloader": raw[first],
        "tee": raw[first + 1],
        "snp": raw[3 if turin else 6],
        "microcode": raw[7],
    }


def check(
    report: Report,
    vcek: x509.Certificate,
    *,
    chains: Mapping[str, Sequence[x509.Certificate]],
    id_key_digests: Sequence[str],
    now: datetime,
) -> str:
    """The generation of the processor, if it signed the report and the report is of Microsoft's paravisor. Raises EvidenceRefused.

    `id_key_digests` are in hex; `chains` by generation AMD's signing key and root.
    """
    generation = certificates.amd_generation(vcek, chains)
    certificates.check_chain([vcek, *chains[generation]], now)
    _check_chip(report, vcek, generation)
    _check_signature(report, vcek)
    if report.key_info & 0b11110:
        raise EvidenceRefused("The SNP report is not signed by the VCEK, or the key of the chip is masked.")
    if report.vmpl != 0:
        raise EvidenceRefused(
            f"The SNP report is of VMPL {report.vmpl}: the guest asked for it, and not the paravisor, which runs at 0."
        )
    if report.id_key_digest.hex() not in id_key_digests:
        raise EvidenceRefused(
            f"The paravisor is signed with the key {report.id_key_digest.hex()}, which is not among idKeyDigests: it is not"
            " Microsoft's, or Microsoft changed its key. Add the key only when a second source of yours has it."
        )
    if report.policy & _DEBUG or report.policy & _MIGRATION:
        raise EvidenceRefused("The guest of this evidence may be debugged or migrated by its host.")
    return generation


def kds_address(report: Report, generation: str) -> str:
    """Where AMD serves the VCEK of this chip at this firmware."""
    tcb = report.tcb
    return (
        f"https://kdsintf.amd.com/vcek/v1/{generation.capitalize()}/{report.chip_id.hex()}"
        f"?blSPL={tcb['bootloader']:02}&teeSPL={tcb['tee']:02}&snpSPL={tcb['snp']:02}&ucodeSPL={tcb['microcode']:02}"
    )


def from_kds(report: Report, fetch: Callable[[str], bytes]) -> x509.Certificate:
    """The VCEK from AMD's service. Raises EvidenceRefused."""
    generation = _generation_of_cpu(report)
    if generation is None:
        raise EvidenceRefused(
            "The evidence has no VCEK, and its report does not say of which generation the processor is, so AMD's service cannot be asked."
        )
    address = kds_address(report, generation)
    try:
        [vcek] = certificates.load(fetch(address))
    except (OSError, ValueError) as error:
        raise EvidenceRefused(f"The evidence has no VCEK, and {address} gives none ({error}).") from error
    return vcek


def _generation_of_cpu(report: Report) -> str | None:
    """By CPUID, as in AMD's 57230, table of product names."""
    if report.family is None or report.model is None:
        return None
    high = report.model >> 4
    return {
        (0x19, 0x0): "milan",
        (0x19, 0x1): "genoa",
        (0x19, 0xA): "genoa",
        (0x1A, 0x0): "turin",
        (0x1A, 0x1): "turin",
    }.get((report.family, high))


def _check_chip(report: Report, vcek: x509.Certificate, generation: str) -> None:
    cpu = _generation_of_cpu(report)
    if cpu is not None and cpu != generation:
        raise EvidenceRefused(f"The SNP report is of a {cpu} processor, and the VCEK of a {generation}.")
    chip = certificates.extension(vcek, f"{_OID}.4")
    if not report.chip_id.startswith(chip) or any(report.chip_id[len(chip) :]) or not any(chip):
        raise EvidenceRefused("The VCEK is of another chip than the SNP report.")
    for name, oid in _SPL.items():
        if _integer(certificates.extension(vcek, oid)) != report.tcb[name]:
            raise EvidenceRefused(f"The VCEK is for another firmware than the SNP report's: {name} differs.")


def _integer(der: bytes) -> int:
    if len(der) < 3 or der[0] != 2 or der[1] != len(der) - 2:
        raise EvidenceRefused("A version in the VCEK is no DER integer.")
    return int.from_bytes(der[2:])


def _check_signature(report: Report, vcek: x509.Certificate) -> None:
    key = vcek.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise EvidenceRefused("The VCEK holds no key on an elliptic curve.")
    r, s = (int.from_bytes(report.raw[at : at + 72], "little") for at in (_SIGNED, _SIGNED + 72))
    try:
        key.verify(encode_dss_signature(r, s), report.raw[:_SIGNED], ec.ECDSA(SHA384()))
    except InvalidSignature:
        raise EvidenceRefused(
            "The signature of the SNP report is not the VCEK's: something in it was changed."
        ) from None
