"""Whether a guest would pull an image under an image policy: the signature rules of image-rs, which the confidential data hub uses.

Sources, of confidential-containers/guest-components: image-rs/src/signature/policy (which requirements count for an image, what
signedIdentity compares) and mechanism/cosign (where signatures lie and which must verify); of sigstore-rs: cosign/signature_layers.rs.
Guests of these releases look for signatures by tag, in the form that cosign calls the old one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

SIMPLE_SIGNING: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE: Final = "dev.cosignproject.cosign/signature"


class ImageRefused(Exception):
    """The guest does not pull the image; the text says why."""


class Registry(Protocol):
    """What a guest asks a registry for. ``repository`` includes the registry's name."""

    def manifest(self, repository: str, name: str) -> Mapping[str, Any] | None:
        """The manifest of a tag or digest; None where there is none."""
        ...

    def blob(self, repository: str, digest: str) -> bytes: ...


@dataclass(frozen=True)
class _Signed:
    """One signature: its payload as bytes, and what the payload claims."""

    payload: bytes
    signature: bytes
    repository: str
    digest: str


def check(policy: str, image: str, keys: Callable[[str], str], registry: Registry) -> None:
    """Raise ImageRefused where a guest refuses ``image``, ``<repository>@<digest>``, under a containers-policy.json.

    ``keys`` answers a ``keyPath`` with PEM, as the KBS does.
    """
    repository, _, digest = image.partition("@")
    for requirement in _requirements(json.loads(policy), repository, image):
        kind = requirement["type"]
        if kind == "reject":
            raise ImageRefused(f"the policy rejects {image}")
        if kind == "sigstoreSigned":
            _signed_by(
                keys(requirement["keyPath"]), requirement["signedIdentity"], repository, digest, registry
            )
        elif kind != "insecureAcceptAnything":
            raise ImageRefused(f"the policy has a requirement {kind} that guests do not know")


def _requirements(policy: Mapping[str, Any], repository: str, image: str) -> list[Mapping[str, Any]]:
    """Those of the longest scope that holds the image, else of the transport, else of all."""
    scopes: Mapping[str, Any] = policy["transports"].get("docker", {})
    parts = repository.split("/")
    names = [image, *("/".join(parts[:count]) for count in range(len(parts), 0, -1)), ""]
    return next((scopes[name] for name in names if name in scopes), policy["default"])


def _signed_by(
    pem: str, identity: Mapping[str, str], repository: str, digest: str, registry: Registry
) -> None:
    if identity["type"] != "matchRepository":
        raise ImageRefused(f"signedIdentity {identity['type']} is not modelled")
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ImageRefused("the key is not one on P-256")
    found = [one for one in _signatures(repository, digest, registry) if one.digest == digest]
    if not any(_verifies(one, key) for one in found):
        raise ImageRefused(f"no signature of {repository}@{digest} verifies with the key")
    # One good signature is enough to go on, but every payload must name the image's own repository.
    for one in found:
        if one.repository != repository:
            raise ImageRefused(f"a signature is of {one.repository} and not of {repository}")


def _signatures(repository: str, digest: str, registry: Registry) -> Iterator[_Signed]:
    manifest = registry.manifest(repository, f"{digest.replace(':', '-')}.sig")
    if manifest is None:
        raise ImageRefused(f"{repository}@{digest} has no signature under the tag that guests look for")
    for layer in manifest["layers"]:
        text = layer.get("annotations", {}).get(SIGNATURE)
        if layer["mediaType"] != SIMPLE_SIGNING or text is None:
            continue
        payload = registry.blob(repository, layer["digest"])
        try:
            claimed = json.loads(payload)["critical"]
            yield _Signed(
                payload,
                base64.b64decode(text, validate=True),
                str(claimed["identity"]["docker-reference"]).partition("@")[0],
                str(claimed["image"]["docker-manifest-digest"]),
            )
        except (binascii.Error, ValueError, LookupError, TypeError):
            continue


def _verifies(one: _Signed, key: ec.EllipticCurvePublicKey) -> bool:
    try:
        key.verify(one.signature, one.payload, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
