"""The secrets that Trustee hands to attested pods, as Kubernetes secrets in Trustee's namespace.

Each ends up at ``kbs:///default/<secret>/<key>``. Values come from the stack's encrypted configuration or are generated and
then live in the stack's encrypted state.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random


@dataclass(frozen=True, kw_only=True)
class ServedSecretsArgs:
    """``generated``: keys to fill by secret name. ``given``: values by secret name and key, each a secret output.

    ``encoded``: the same as ``given``, but in base64, for values that may be no text.
    ``elsewhere``: fingerprints of secrets that others put into the namespace, by name and key, to be part of the digest.
    """

    namespace: pulumi.Input[str]
    generated: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    given: Mapping[str, Mapping[str, pulumi.Output[str]]] = field(
        default_factory=dict[str, Mapping[str, pulumi.Output[str]]]
    )
    encoded: Mapping[str, Mapping[str, pulumi.Output[str]]] = field(
        default_factory=dict[str, Mapping[str, pulumi.Output[str]]]
    )
    elsewhere: pulumi.Input[Mapping[str, Mapping[str, str]]] = field(
        default_factory=dict[str, Mapping[str, str]]
    )


class ServedSecrets(pulumi.ComponentResource):
    """``names`` in a fixed order; ``digest`` changes whenever any value does and reveals nothing about them."""

    names: list[str]
    digest: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServedSecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:hub:ServedSecrets", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        values: dict[str, Mapping[str, pulumi.Output[str]]] = dict(args.given)
        for secret, keys in args.generated.items():
            values[secret] = {
                key: random.RandomPassword(
                    f"{name}-{secret}-{key}", length=32, special=False, opts=child
                ).result
                for key in keys
            }
        for secret in sorted({**values, **args.encoded}):
            k8s.core.v1.Secret(
                f"{name}-{secret}",
                metadata={"name": secret, "namespace": args.namespace},
                string_data=values.get(secret),
                data=args.encoded.get(secret),
                opts=child,
            )
        values.update(args.encoded)
        self.names = sorted(values)
        # A plain hash of a short secret can be guessed from; a keyed one cannot.
        digest_key = random.RandomBytes(f"{name}-digest-key", length=32, opts=child)
        self.digest = pulumi.Output.unsecret(
            pulumi.Output.all(key=digest_key.base64, values=values, elsewhere=args.elsewhere).apply(
                lambda all: keyed_digest(all["key"], {**all["values"], **all["elsewhere"]})
            )
        )
        self.register_outputs({"names": self.names, "digest": self.digest})


def keyed_digest(key: str, values: Mapping[str, Mapping[str, str]]) -> str:
    """HMAC-SHA256 in hex of all values, whatever the order they are given in; ``key`` is base64."""
    text = json.dumps(values, sort_keys=True).encode()
    return hmac.new(base64.b64decode(key), text, hashlib.sha256).hexdigest()
