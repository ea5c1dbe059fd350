"""The key that would authorise Trustee's admin API.

The API is switched off (``DenyAll``), but the operator makes no deployment without a public key to mount.
"""

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def public_key(seed: str) -> str:
    """The Ed25519 public key, in PEM, of a seed of 32 bytes given in base64."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
