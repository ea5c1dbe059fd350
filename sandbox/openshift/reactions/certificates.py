"""X.509 as cert-manager makes it from a Certificate's spec: a key pair and a certificate signed by an issuer or by itself."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.shapes import list_in, map_in

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
_CURVES: dict[int, Callable[[], ec.EllipticCurve]] = {256: ec.SECP256R1, 384: ec.SECP384R1, 521: ec.SECP521R1}
_EXTENDED = {
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True)
class Pair:
    """A certificate chain (PEM, leaf first), the private key (PEM), and the root that signed it (PEM, may be empty)."""

    chain: str
    key: str
    root: str


def go_duration(text: str) -> timedelta:
    """`2160h0m0s` and the like; ValueError for anything else."""
    match = _DURATION.fullmatch(text)
    if not match or not text:
        raise ValueError(f"{text!r} is not a duration such as 2160h")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def new_key(spec: dict[str, Any]) -> Key:
    """`spec` is a Certificate's `privateKey`; RSA with 2048 bits where it says nothing."""
    algorithm = spec.get("algorithm") or "RSA"
    if algorithm == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=spec.get("size") or 2048)
    if algorithm == "ECDSA":
        return ec.generate_private_key(_CURVES[spec.get("size") or 256]())
    return ed25519.Ed25519PrivateKey.generate()


def key_pem(key: Key, encoding: str) -> str:
    form = (
        serialization.PrivateFormat.PKCS8
        if encoding == "PKCS8" or isinstance(key, ed25519.Ed25519PrivateKey)
        else serialization.PrivateFormat.TraditionalOpenSSL
    )
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def load_key(pem: str) -> Key:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, Key):
        raise ValueError("not an RSA, ECDSA or Ed25519 key")
    return key


def is_ca(pem: str) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return False


def validity(pem: str) -> tuple[datetime, datetime]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def issue(spec: dict[str, Any], key: Key, ca: Pair | None) -> Pair:
    """`spec` is a Certificate's; without a `ca` the certificate signs itself."""
    start = datetime.now(UTC).replace(microsecond=0)
    subject = _subject(spec)
    parent = x509.load_pem_x509_certificate(ca.chain.encode()) if ca else None
    signer = load_key(ca.key) if ca else key
    authority = bool(spec.get("isCA"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + go_duration(spec.get("duration") or "2160h"))
        .add_extension(
            _key_usage(set(spec.get("usages") or ["digital signature", "key encipherment"]), authority), True
        )
    )
    extended = [_EXTENDED[usage] for usage in list_in(spec, "usages") if usage in _EXTENDED]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if authority:
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if parent:
        identifier = parent.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
    if names := _alternative_names(spec):
        # Without a subject the names are all there is, so RFC 5280 wants the extension critical.
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not list(subject))
    pem = builder.sign(signer, _digest(signer)).public_bytes(serialization.Encoding.PEM).decode()
    encoding = map_in(spec, "privateKey").get("encoding") or "PKCS1"
    return Pair(
        chain=pem + _intermediates(parent, ca), key=key_pem(key, encoding), root=ca.root if ca else pem
    )


def _digest(signer: Key) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """As strong as the key that signs, which is cert-manager's choice where the spec makes none."""
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return None
    bits = signer.key_size
    if isinstance(signer, rsa.RSAPrivateKey):
        return hashes.SHA512() if bits >= 4096 else hashes.SHA384() if bits >= 3072 else hashes.SHA256()
    return hashes.SHA512() if bits > 384 else hashes.SHA384() if bits > 256 else hashes.SHA256()


def _intermediates(parent: x509.Certificate | None, ca: Pair | None) -> str:
    """A root is not sent along, an intermediate is."""
    return ca.chain if ca and parent and parent.subject != parent.issuer else ""


def _subject(spec: dict[str, Any]) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)
        for name in list_in(map_in(spec, "subject"), "organizations")
    ]
    if spec.get("commonName"):
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, spec["commonName"]))
    return x509.Name(attributes)


def _alternative_names(spec: dict[str, Any]) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(name) for name in list_in(spec, "dnsNames")),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in list_in(spec, "ipAddresses")),
        *(x509.UniformResourceIdentifier(uri) for uri in list_in(spec, "uris")),
    ]


def _key_usage(usages: set[str], authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=bool(usages & {"digital signature", "signing"}),
        content_commitment="content commitment" in usages,
        key_encipherment="key encipherment" in usages,
        data_encipherment="data encipherment" in usages,
        key_agreement="key agreement" in usages,
        key_cert_sign=authority or "cert sign" in usages,
        crl_sign="crl sign" in usages,
        encipher_only=False,
        decipher_only=False,
    )
