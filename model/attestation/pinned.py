"""What initdata pins of the KBS: its address, and the one CA that its certificate comes from."""

import re
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class InitdataError(ValueError):
    """The initdata cannot be rendered or read; the message is one sentence for a person."""


def kbs_url(url: str) -> str:
    """`url` where it is an https address without a path; else InitdataError."""
    try:
        parts = urlsplit(url)
        bare = (
            parts.scheme == "https" and parts.netloc == url.removeprefix("https://") and bool(parts.hostname)
        )
        bare = bare and parts.port != 0
    except ValueError:
        bare = False
    if not bare or not re.fullmatch(r"https://[A-Za-z0-9.:\[\]-]+", url):
        raise InitdataError(
            f"The KBS URL {url!r} is not https://<host>[:<port>] and nothing more: take the hub's kbsUrl output."
        )
    return url


def ca_certificate(pem: str) -> str:
    """The one CA certificate in `pem`, normalised; else InitdataError.

    The guest takes a single PEM and adds it as a trusted root.
    """
    try:
        certificates = (
            x509.load_pem_x509_certificates(pem.encode("ascii")) if pem.count("-----BEGIN ") == 1 else []
        )
    except ValueError as error:
        raise InitdataError(f"The KBS CA is no PEM certificate ({error}).") from error
    if len(certificates) != 1:
        raise InitdataError(
            f"The KBS CA holds {pem.count('-----BEGIN ')} PEM blocks, and the guest takes exactly one CA certificate."
        )
    try:
        is_ca = certificates[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    if not is_ca:
        raise InitdataError(
            f"The certificate {certificates[0].subject.rfc4514_string()!r} is not a CA: pin the issuing CA, "
            "or every renewal of the leaf changes PCR8."
        )
    return certificates[0].public_bytes(Encoding.PEM).decode("ascii")
