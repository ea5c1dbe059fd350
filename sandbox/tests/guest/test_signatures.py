"""Which images a guest pulls under the image policy that a hub renders, signature by signature."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from model.paths import served
from model.policy import image_policy
from sandbox.guest.signatures import SIGNATURE, SIMPLE_SIGNING, ImageRefused, check
from tests.tools import oci

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
DIGEST = "sha256:" + "ab" * 32
REPOSITORY = "registry.example:5000/team/web"
POLICY = image_policy.render({"registry.example:5000/team": served("cosign", "key")})


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass
class Shelf:
    """A registry in memory, with signatures as cosign writes them in its old format."""

    manifests: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def manifest(self, repository: str, name: str) -> Mapping[str, Any] | None:
        return self.manifests.get((repository, name))

    def blob(self, repository: str, digest: str) -> bytes:
        return self.blobs[digest]

    def sign(
        self,
        key: ec.EllipticCurvePrivateKey,
        *,
        reference: str = REPOSITORY,
        digest: str = DIGEST,
        kind: str = SIMPLE_SIGNING,
        spoil: bytes = b"",
    ) -> None:
        payload = oci.encode(
            {
                "critical": {
                    "identity": {"docker-reference": reference},
                    "image": {"docker-manifest-digest": digest},
                    "type": "cosign container image signature",
                },
                "optional": None,
            }
        )
        signature = base64.b64encode(key.sign(payload + spoil, ec.ECDSA(SHA256()))).decode()
        place = REPOSITORY, f"{DIGEST.replace(':', '-')}.sig"
        manifest = self.manifests.setdefault(place, {"layers": []})
        manifest["layers"].append(oci.descriptor(payload, kind, annotations={SIGNATURE: signature}))
        self.blobs[oci.digest(payload)] = payload


def refusal(shelf: Shelf, image: str = f"{REPOSITORY}@{DIGEST}", policy: str = POLICY) -> str | None:
    try:
        check(policy, image, {"kbs:///default/cosign/key": pem(KEY)}.__getitem__, shelf)
    except ImageRefused as error:
        return str(error)
    return None


def test_an_image_that_the_key_signed_in_its_own_repository_is_pulled() -> None:
    shelf = Shelf()
    shelf.sign(OTHER)
    shelf.sign(KEY)
    assert refusal(shelf) is None


@pytest.mark.parametrize(
    ("signed", "says"),
    [
        ([], "has no signature"),
        ([{"key": OTHER}], "no signature of .* verifies"),
        ([{"key": KEY, "spoil": b" "}], "no signature of .* verifies"),
        ([{"key": KEY, "digest": "sha256:" + "cd" * 32}], "no signature of .* verifies"),
        (
            [{"key": KEY, "kind": "application/vnd.dev.sigstore.bundle.v0.3+json"}],
            "no signature of .* verifies",
        ),
        (
            [{"key": KEY, "reference": "registry.example:5000/team/other"}],
            "is of registry.example:5000/team/other",
        ),
        # A second signature, by whomever, that names another repository spoils the first.
        (
            [{"key": KEY}, {"key": OTHER, "reference": "registry.example:5000/x"}],
            "is of registry.example:5000/x",
        ),
    ],
)
def test_any_other_image_is_refused(signed: list[dict[str, Any]], says: str) -> None:
    shelf = Shelf()
    for one in signed:
        shelf.sign(**one)
    assert re.search(says, refusal(shelf) or "")


def test_an_image_outside_the_repositories_is_rejected_though_the_key_signed_it() -> None:
    shelf = Shelf()
    shelf.sign(KEY)
    assert "the policy rejects" in str(refusal(shelf, f"registry.example:5000/teammate/web@{DIGEST}"))
    assert "the policy rejects" in str(refusal(shelf, policy=image_policy.render({})))


def test_the_longest_scope_decides() -> None:
    policy = json.loads(POLICY)
    policy["transports"]["docker"][REPOSITORY] = [{"type": "insecureAcceptAnything"}]
    assert refusal(Shelf(), policy=json.dumps(policy)) is None
