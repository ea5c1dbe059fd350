"""The key that signs sealed secrets, and the sealed secrets themselves: references that may be public.

Made from random bytes that live in the hub's encrypted state. The public half is served by the KBS, where a guest looks it up
by the URI in each sealed secret.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from model.paths import ResourcePath
from model.trustee import sealed_secrets


@dataclass(frozen=True, kw_only=True)
class SealingArgs:
    """``paths``: ``default/<secret>/<key>``, each of which gets a sealed secret that refers to it."""

    paths: Sequence[str]


class Sealing(pulumi.ComponentResource):
    """``public_jwk`` is JSON, to be served at ``sealed_secrets.KEY_PATH``; ``sealed`` maps each path to its sealed secret. Both are public."""

    public_jwk: pulumi.Output[str]
    sealed: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: SealingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:hub:Sealing", name, {}, opts)
        seed = random.RandomBytes(f"{name}-seed", length=48, opts=pulumi.ResourceOptions(parent=self))
        self.public_jwk = pulumi.Output.unsecret(seed.base64.apply(_public_jwk))
        self.sealed = pulumi.Output.unsecret(seed.base64.apply(lambda text: _sealed(text, args.paths)))
        self.register_outputs({"publicJwk": self.public_jwk, "sealed": self.sealed})


def _public_jwk(seed: str) -> str:
    return json.dumps(sealed_secrets.public_jwk(sealed_secrets.signing_key(base64.b64decode(seed))))


def _sealed(seed: str, paths: Sequence[str]) -> dict[str, str]:
    key = sealed_secrets.signing_key(base64.b64decode(seed))
    return {
        path: sealed_secrets.seal(
            sealed_secrets.SealedSecret(name=ResourcePath.parse(path), kid=sealed_secrets.KEY_PATH), key
        )
        for path in paths
    }
