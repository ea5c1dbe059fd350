"""Sealed secrets: a reference to a secret in the KBS, in a form that a Kubernetes Secret can hold in the open.

The guest's confidential data hub replaces it by the value after attestation, in an environment variable or a file, so the
application knows nothing of Trustee. A sealed secret is `sealed.` and a JWS in compact form, signed with ES256
(confidential-containers/guest-components confidential-data-hub/docs/SEALED_SECRET.md). The same input gives the same text,
by RFC 6979, so that a second preview is empty.

The signature does not protect the value: whoever writes the text also writes `kid`, the key that the guest checks with.
What protects it is the resource policy of the resource behind it.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from model.paths import PathError, ResourcePath, served

VERSION: Final = "0.1.0"
KEY_PATH: Final = served("sealing-key", "jwk")
"""Where the KBS serves the public key."""
_PREFIX: Final = "sealed."
_SIZE: Final = 32
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SealedSecretError(ValueError):
    """The sealed secret cannot be made or is not to be trusted; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class SealedSecret:
    """What a sealed secret says: the resource `name` that it stands for, and the key `kid` that it was signed with."""

    name: ResourcePath
    kid: ResourcePath
    provider_settings: Mapping[str, object] = field(default_factory=dict[str, object])


def signing_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key made from at least 40 random bytes (FIPS 186-5, A.2.1), so that the state holds random bytes and no PEM."""
    if len(seed) < 40:
        raise SealedSecretError(f"A signing key takes 40 random bytes or more, not {len(seed)}.")
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, ec.SECP256R1())


def seal(secret: SealedSecret, key: ec.EllipticCurvePrivateKey) -> str:
    """`secret` signed with the P-256 `key`. Raises SealedSecretError on another curve."""
    payload = {
        "version": VERSION,
        "type": "vault",
        "name": secret.name.uri,
        "provider": "kbs",
        "provider_settings": dict(secret.provider_settings),
        "annotations": {},
    }
    signed = f"{_encoded({'alg': 'ES256', 'kid': secret.kid.uri})}.{_encoded(payload)}"
    der = _p256(key).sign(signed.encode("ascii"), ec.ECDSA(SHA256(), deterministic_signing=True))
    signature = b"".join(number.to_bytes(_SIZE) for number in decode_dss_signature(der))
    return f"{_PREFIX}{signed}.{_base64url(signature)}"


def unseal(text: str, jwk: Mapping[str, str]) -> SealedSecret:
    """What `text` says, once its signature is verified with the public `jwk`. Raises SealedSecretError.

    Only the KBS has the value itself.
    """
    parts = text.removeprefix(_PREFIX).split(".")
    if not text.startswith(_PREFIX) or len(parts) != 3:
        raise SealedSecretError(
            "A sealed secret is `sealed.` and a JWS of three parts: this text was altered or cut."
        )
    header, payload = _object(parts[0], "header"), _object(parts[1], "payload")
    if header.get("alg") != "ES256":
        raise SealedSecretError(
            f"The sealed secret is signed with {header.get('alg')!r}, and guests take ES256 only."
        )
    signature = _bytes(parts[2], "signature")
    if len(signature) != 2 * _SIZE:
        raise SealedSecretError(
            f"The signature of the sealed secret has {len(signature)} bytes instead of 64."
        )
    der = encode_dss_signature(int.from_bytes(signature[:_SIZE]), int.from_bytes(signature[_SIZE:]))
    try:
        _public_key(jwk).verify(der, f"{parts[0]}.{parts[1]}".encode("ascii"), ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise SealedSecretError("The sealed secret was altered, or signed with another key.") from error
    if (payload.get("version"), payload.get("type"), payload.get("provider")) != (VERSION, "vault", "kbs"):
        raise SealedSecretError("The sealed secret is not one of version 0.1.0, type vault and provider kbs.")
    name, kid, settings = payload.get("name"), header.get("kid"), payload.get("provider_settings")
    if not isinstance(name, str) or not isinstance(kid, str) or not isinstance(settings, dict):
        raise SealedSecretError("The sealed secret lacks its name, its kid or its provider_settings.")
    try:
        paths = [ResourcePath.of_uri(uri) for uri in (name, kid)]
    except PathError as error:
        raise SealedSecretError(f"The sealed secret names what no KBS serves. {error}") from error
    return SealedSecret(name=paths[0], kid=paths[1], provider_settings=cast(dict[str, object], settings))


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The public half as the KBS has to serve it at `kid`, in JSON."""
    numbers = _p256(key).public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "x": _base64url(numbers.x.to_bytes(_SIZE)),
        "y": _base64url(numbers.y.to_bytes(_SIZE)),
    }


def _p256(key: ec.EllipticCurvePrivateKey) -> ec.EllipticCurvePrivateKey:
    if not isinstance(key.curve, ec.SECP256R1):
        raise SealedSecretError(f"A sealed secret is signed with a P-256 key, not one on {key.curve.name}.")
    return key


def _public_key(jwk: Mapping[str, str]) -> ec.EllipticCurvePublicKey:
    if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
        raise SealedSecretError("The key to verify with is no P-256 JWK.")
    x, y = (int.from_bytes(_bytes(jwk.get(name, ""), f"key's {name}")) for name in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise SealedSecretError("The key to verify with is not a point on P-256.") from error


def _object(text: str, what: str) -> dict[str, object]:
    raw = _bytes(text, what)
    try:
        value: object = json.loads(raw)
    except ValueError as error:
        raise SealedSecretError(
            f"The {what} of the sealed secret is not JSON: it was altered or cut."
        ) from error
    if not isinstance(value, dict):
        raise SealedSecretError(f"The {what} of the sealed secret is no JSON object.")
    return cast(dict[str, object], value)


def _encoded(value: Mapping[str, object]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode("ascii"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str, what: str) -> bytes:
    try:
        # The JWS alphabet only, without padding, and no two spellings of one value.
        data = base64.b64decode(text.translate(_ALPHABET) + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise SealedSecretError(
            f"The {what} of the sealed secret is not base64url: it was altered or cut."
        ) from error
    if _base64url(data) != text:
        raise SealedSecretError(f"The {what} of the sealed secret is not base64url as JWS writes it.")
    return data


_ALPHABET: Final = str.maketrans("-_", "+/")
