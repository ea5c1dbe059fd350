"""The certificates of AMD and Intel, and chains up to them. `roots/` holds what the vendors publish: AMD's signing key and root for each
generation (https://kdsintf.amd.com/vcek/v1/<Milan, Genoa, Turin>/cert_chain) and Intel's SGX root CA.

Revocation is not looked up, which would need the vendors' services: Trustee does that for TDX at each attestation.
"""

import base64
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning

from tools.platform_values.refused import EvidenceRefused

_ROOTS: Final = Path(__file__).parent / "roots"
GENERATIONS: Final = ("milan", "genoa", "turin")


def amd() -> dict[str, list[x509.Certificate]]:
    """By generation AMD's signing key (ASK) and root (ARK)."""
    return {name: load((_ROOTS / f"{name}.pem").read_bytes()) for name in GENERATIONS}


def intel() -> x509.Certificate:
    """The SGX root CA."""
    [root] = load((_ROOTS / "intel.pem").read_bytes())
    return root


def load(text: bytes) -> list[x509.Certificate]:
    """Certificates in PEM, or one in DER. Raises EvidenceRefused."""
    with warnings.catch_warnings():
        # AMD gives every VCEK the serial number 0, which RFC 5280 forbids.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            if text.lstrip().startswith(b"-----BEGIN"):
                return x509.load_pem_x509_certificates(text)
            return [x509.load_der_x509_certificate(text)]
        except ValueError as error:
            raise EvidenceRefused(f"A certificate of the evidence cannot be read ({error}).") from error


def check_chain(chain: Sequence[x509.Certificate], now: datetime) -> None:
    """Each is signed by the next one, the last by itself, and all are valid at `now`. Raises EvidenceRefused."""
    for subject, issuer in zip(chain, [*chain[1:], chain[-1]], strict=True):
        name = subject.subject.rfc4514_string()
        if not _signed(subject, issuer):
            raise EvidenceRefused(
                f"The certificate {name} is not signed by {issuer.subject.rfc4514_string()}."
            )
        if not subject.not_valid_before_utc <= now <= subject.not_valid_after_utc:
            raise EvidenceRefused(f"The certificate {name} is not valid at {now:%Y-%m-%d}.")


def amd_generation(vcek: x509.Certificate, chains: Mapping[str, Sequence[x509.Certificate]]) -> str:
    """The generation whose signing key signed `vcek`. Raises EvidenceRefused."""
    for name, chain in chains.items():
        if _signed(vcek, chain[0]):
            return name
    raise EvidenceRefused(
        f"The VCEK is signed by none of AMD's keys for {', '.join(chains)}: it is not of a processor of AMD's."
    )


def extension(certificate: x509.Certificate, oid: str) -> bytes:
    """The raw value. Raises EvidenceRefused."""
    try:
        found = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value
    except x509.ExtensionNotFound:
        raise EvidenceRefused(
            f"The certificate {certificate.subject.rfc4514_string()} has no extension {oid}."
        ) from None
    if not isinstance(found, x509.UnrecognizedExtension):
        raise EvidenceRefused(f"The extension {oid} has another form than the vendor's.")
    return found.value


def base64_any(text: str) -> bytes:
    """Standard or URL-safe base64, with or without padding. Raises EvidenceRefused."""
    try:
        return base64.b64decode(
            text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True
        )
    except ValueError:
        raise EvidenceRefused("A part of the evidence is no base64.") from None


def _signed(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    key, algorithm = issuer.public_key(), subject.signature_hash_algorithm
    if subject.issuer != issuer.subject or algorithm is None:
        return False
    try:
        match key, subject.signature_algorithm_parameters:
            case rsa.RSAPublicKey(), (padding.PSS() | padding.PKCS1v15()) as scheme:
                key.verify(subject.signature, subject.tbs_certificate_bytes, scheme, algorithm)
            case ec.EllipticCurvePublicKey(), ec.ECDSA() as scheme:
                key.verify(subject.signature, subject.tbs_certificate_bytes, scheme)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
