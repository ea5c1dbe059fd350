"""Throw-away certificates, as cert-manager would issue them."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

KEY = ec.derive_private_key(1, ec.SECP256R1())
_START = datetime(2026, 1, 1, tzinfo=UTC)


def certificate(name: str = "KBS CA", *, ca: bool | None = True, days: int = 3650) -> str:
    """A self-signed PEM certificate, good for some days of 2026 and after; `ca` None leaves the basic constraints out."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(_START)
        .not_valid_after(_START + timedelta(days=days))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    signed = builder.sign(KEY, SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(Encoding.PEM).decode("ascii")


def private_key() -> str:
    return KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def public_key(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    """As `cosign generate-key-pair` writes cosign.pub."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
