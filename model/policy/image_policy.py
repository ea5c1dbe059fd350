"""Which container images a confidential pod may run: the containers-policy.json that the guest fetches before any pull.

Pure. The guest's image-rs reads the format of containers-policy.json(5). Keys are named by ``keyPath``, a KBS URI: guests do not
decode an inline ``keyData`` (confidential-containers/guest-components#1398). What must be readable before an image can be pulled
is ``needed``: the policy itself and the keys it names, nothing more.
"""

import json
from collections.abc import Collection, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from model.paths import ResourcePath, served

SECRET, KEY = "image-policy", "policy"
PATH = served(SECRET, KEY)
URI = PATH.uri


def render(signed: Mapping[str, ResourcePath]) -> str:
    """Everything is refused but images below a repository of ``signed``, which maps it to the path of its cosign public key.

    An empty mapping refuses every image.
    """
    docker = {
        repository: [
            {
                "type": "sigstoreSigned",
                "keyPath": path.uri,
                # Without it an image that the key signed under any name is taken (guest-components#1590). cosign signs a
                # repository and no tag, so it is this kind or exactRepository (image-rs, CosignParameters).
                "signedIdentity": {"type": "matchRepository"},
            }
        ]
        for repository, path in sorted(signed.items(), key=lambda each: each[0])
    }
    return json.dumps(
        {"default": [{"type": "reject"}], "transports": {"docker": docker} if docker else {}}, indent=2
    )


def is_signing_key(pem: str) -> bool:
    """Whether the guest can verify with this public key: image-rs takes P-256 keys in PEM and no others."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def needed(signed: Mapping[str, ResourcePath]) -> list[ResourcePath]:
    """The paths that every profile must be able to read to start a container at all."""
    return [PATH, *sorted(set(signed.values()), key=str)]


def covers(repositories: Collection[str], image: str) -> bool:
    """Whether ``image`` is below one of ``repositories``, as containers-policy.json matches: whole path components."""
    name = image.partition("@")[0]
    return any(
        name == repository or name.startswith((f"{repository}/", f"{repository}:"))
        for repository in repositories
    )
