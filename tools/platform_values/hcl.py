"""What Azure's paravisor leaves in the vTPM's NV index 0x01400001: a hardware report, and the runtime data that it vouches for.

Layout: Microsoft, "Azure confidential VMs guest attestation", HCL report (header of 32 bytes, 1184 bytes for the report of the hardware,
runtime data with a header of 20 bytes), as az-cvm-vtpm's hcl module reads it.
"""

import base64
import binascii
import hashlib
import json
import struct
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tools.platform_values.refused import EvidenceRefused

SIGNATURE: Final = b"HCLA"
_REPORT: Final = slice(32, 32 + 1184)
_RUNTIME: Final = _REPORT.stop
_KINDS: Final[dict[int, Literal["snp", "tdx"]]] = {2: "snp", 4: "tdx"}
_SHA256: Final = 1
_AK: Final = "HCLAkPub"


@dataclass(frozen=True, kw_only=True)
class HclData:
    """`report`: of the hardware, 1184 bytes. `runtime`: JSON as it is hashed. `ak`: the vTPM's attestation key in it."""

    kind: Literal["snp", "tdx"]
    report: bytes
    runtime: bytes
    ak: rsa.RSAPublicKey

    @property
    def digest(self) -> bytes:
        """What the first half of the report's REPORT_DATA must be."""
        return hashlib.sha256(self.runtime).digest()

    def check_bound(self, report_data: bytes) -> None:
        """Raises EvidenceRefused unless the hardware vouches for this runtime data, and so for the key in it."""
        if report_data != self.digest + bytes(32):
            raise EvidenceRefused(
                "REPORT_DATA of the hardware's report is not the digest of the runtime data: the attestation key of this vTPM is"
                " not the one that the paravisor made."
            )

    def check_quote(self, message: bytes, signature: bytes) -> None:
        """Raises EvidenceRefused unless the vTPM's quote is signed with the key."""
        try:
            self.ak.verify(signature, message, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            raise EvidenceRefused(
                "The vTPM's quote is not signed with the attestation key in the runtime data: they are of two machines."
            ) from None


def read(data: bytes) -> HclData:
    """Raises EvidenceRefused."""
    if not data.startswith(SIGNATURE) or len(data) < _RUNTIME + 20:
        raise EvidenceRefused(
            f"This is no HCL data: it does not begin with {SIGNATURE.decode()}, or it is cut off."
        )
    size, _, kind, algorithm, length = struct.unpack_from("<5I", data, _RUNTIME)
    if kind not in _KINDS:
        raise EvidenceRefused(
            f"The HCL data holds a report of kind {kind}, which is neither SNP (2) nor TDX (4)."
        )
    if algorithm != _SHA256:
        raise EvidenceRefused(
            f"The runtime data is hashed by algorithm {algorithm}, and only SHA-256 (1) is known."
        )
    runtime = data[_RUNTIME + 20 :][:length]
    if len(runtime) != length or size != length + 20:
        raise EvidenceRefused("The runtime data of the HCL data is cut off.")
    return HclData(kind=_KINDS[kind], report=data[_REPORT], runtime=runtime, ak=_ak(runtime))


def _ak(runtime: bytes) -> rsa.RSAPublicKey:
    try:
        keys = cast(list[dict[str, Any]], json.loads(runtime)["keys"])
        key = next(each for each in keys if each["kid"] == _AK)
        return rsa.RSAPublicNumbers(e=_number(key["e"]), n=_number(key["n"])).public_key()
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise EvidenceRefused(f"The runtime data names no RSA key {_AK} ({type(error).__name__}).") from error


def _number(text: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=="))
    except binascii.Error as error:
        raise ValueError(text) from error
