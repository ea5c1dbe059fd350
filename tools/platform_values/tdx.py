"""Intel TDX: the quote, and what is judged in it.

Layout: Intel, "TDX DCAP Quoting Library API", quote format version 4. Whether the platform's firmware is up to date is not looked
up here; Trustee asks Intel's collateral at each attestation.
"""

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tools.platform_values import certificates
from tools.platform_values.refused import EvidenceRefused

_SIGNED: Final = 48 + 584
_TDX: Final = 0x81
_INTEL: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
# MRSIGNER of Intel's quoting enclaves for TDX, which Intel publishes in its TD_QE identity.
_QUOTING_ENCLAVE: Final = bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5")
_FMSPC: Final = bytes.fromhex("060a2a864886f84d010d0104" + "0406")
_SGX_EXTENSIONS: Final = "1.2.840.113741.1.13.1"
_DEBUG: Final = 1
_MIGRATABLE: Final = 1 << 29
# The middle of FMSPC is family, model and type of the processor, as CPUID has them.
_GENERATIONS: Final = {
    b"\x80\x6f": "sapphire-rapids",
    b"\xc0\x6f": "emerald-rapids",
    b"\xa0\x6d": "granite-rapids",
}


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The fields that somebody must judge. `chain`: of the key that vouches for the quoting enclave, root last."""

    signed: bytes
    signature: bytes
    key: bytes
    enclave: bytes
    enclave_signature: bytes
    enclave_data: bytes
    chain: tuple[x509.Certificate, ...]

    @property
    def mrsigner_seam(self) -> bytes:
        return self._body(64, 48)

    @property
    def attributes(self) -> int:
        return int.from_bytes(self._body(120, 8), "little")

    @property
    def mr_td(self) -> bytes:
        return self._body(136, 48)

    @property
    def report_data(self) -> bytes:
        return self._body(520, 64)

    def _body(self, start: int, length: int) -> bytes:
        return self.signed[48 + start : 48 + start + length]


def read(raw: bytes) -> Quote:
    """Raises EvidenceRefused."""
    try:
        version, key_type, tee = struct.unpack_from("<HHI", raw, 0)
        if (version, key_type, tee) != (4, 2, _TDX) or raw[12:28] != _INTEL:
            raise EvidenceRefused(
                f"The quote is of version {version}, key type {key_type} and TEE {tee:#x}: only version 4 of a TD (0x81) by Intel's"
                " quoting enclave with a P-256 key (2) is known."
            )
        rest = _Reader(raw, _SIGNED + 4)
        signature, key, certification = rest.take(64), rest.take(64), rest.number("<H")
        rest.number("<I")
        if certification != 6:
            raise EvidenceRefused(
                f"The quote has certification data of type {certification}, and only 6 is known."
            )
        enclave, enclave_signature = rest.take(384), rest.take(64)
        enclave_data = rest.take(rest.number("<H"))
        if (kind := rest.number("<H")) != 5:
            raise EvidenceRefused(
                f"The quoting enclave's data is of type {kind}, and only a chain of certificates (5) is known."
            )
        chain = certificates.load(rest.take(rest.number("<I")).rstrip(b"\0"))
    except struct.error:
        raise EvidenceRefused("The TDX quote is cut off.") from None
    return Quote(
        signed=raw[:_SIGNED],
        signature=signature,
        key=key,
        enclave=enclave,
        enclave_signature=enclave_signature,
        enclave_data=enclave_data,
        chain=tuple(chain),
    )


def check(quote: Quote, *, root: x509.Certificate, now: datetime) -> str:
    """The generation of the processor, if Intel's quoting enclave signed the quote on a genuine one. Raises EvidenceRefused."""
    if len(quote.chain) != 3 or quote.chain[-1].public_bytes(Encoding.DER) != root.public_bytes(Encoding.DER):
        raise EvidenceRefused("The certificates of the quote do not end in Intel's SGX root CA.")
    certificates.check_chain(quote.chain, now)
    leaf = quote.chain[0].public_key()
    if not isinstance(leaf, ec.EllipticCurvePublicKey):
        raise EvidenceRefused("The certificate of the platform holds no key on an elliptic curve.")
    _verify(leaf, quote.enclave_signature, quote.enclave, "The report of the quoting enclave")
    if quote.enclave[320:384] != hashlib.sha256(quote.key + quote.enclave_data).digest() + bytes(32):
        raise EvidenceRefused("The quoting enclave does not vouch for the key that signed the quote.")
    if quote.enclave[128:160] != _QUOTING_ENCLAVE or quote.enclave[48] & 0b10:
        raise EvidenceRefused("The quote is not of Intel's quoting enclave, or of one that can be debugged.")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + quote.key)
    except ValueError:
        raise EvidenceRefused("The key of the quote is no point of the curve P-256.") from None
    _verify(key, quote.signature, quote.signed, "The quote")
    if any(quote.mrsigner_seam):
        raise EvidenceRefused("The TDX module is not Intel's: its signer (MRSIGNER_SEAM) is not zero.")
    if quote.attributes & (_DEBUG | _MIGRATABLE):
        raise EvidenceRefused("The TD of this evidence may be debugged or migrated by its host.")
    return _generation(quote.chain[0])


def _generation(leaf: x509.Certificate) -> str:
    sgx = certificates.extension(leaf, _SGX_EXTENSIONS)
    at = sgx.find(_FMSPC)
    fmspc = sgx[at + len(_FMSPC) :][:6] if at >= 0 else b""
    return _GENERATIONS.get(fmspc[1:3], f"fmspc-{fmspc.hex()}")


def _verify(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes, what: str) -> None:
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise EvidenceRefused(f"{what} has a wrong signature: something in it was changed.") from None


class _Reader:
    def __init__(self, raw: bytes, at: int) -> None:
        self._raw, self._at = raw, at

    def take(self, length: int) -> bytes:
        found = self._raw[self._at : self._at + length]
        if len(found) != length:
            raise struct.error
        self._at += length
        return found

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])
