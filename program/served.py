"""What Trustee serves: the secrets of the stack file, and the documents that guests fetch from the KBS."""

import base64
from dataclasses import dataclass

import pulumi

from components.cluster.operator import OperatorSubscription
from components.hub.object_store import ObjectStore
from components.hub.sealing import Sealing, SealingArgs
from components.hub.served_secrets import ServedSecrets, ServedSecretsArgs
from config import secret_values
from config.roles import TrustedStack
from model.policy import image_policy
from model.trustee import sealed_secrets
from program import external_secrets
from program.place import Place
from program.stack import LoadedStack
from trust.inputs import Inputs

Values = dict[str, dict[str, pulumi.Output[str]]]
"""By the name of the secret and its key."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """``names`` of Kubernetes secrets, a ``digest`` that changes with any value in them, and what makes them exist.

    ``sealed``: by path, the sealed secret that stands for it.
    """

    names: list[str]
    digest: pulumi.Output[str]
    sealed: pulumi.Output[dict[str, str]]
    components: list[pulumi.Resource]


def declare(
    stack: LoadedStack[TrustedStack],
    place: Place,
    trustee: OperatorSubscription,
    inputs: Inputs,
    store: ObjectStore | None,
) -> Served:
    sealing = Sealing("sealing", SealingArgs(paths=[str(path) for path in inputs.sealed_paths]))
    external = external_secrets.declare(stack, place, trustee, trustee.namespace)
    secrets = ServedSecrets(
        "served-secrets",
        ServedSecretsArgs(
            namespace=trustee.namespace,
            generated={name: s.keys for name, s in stack.config.secrets.items() if s.source == "generated"},
            encoded=_from_config(stack),
            given=_own_documents(inputs, sealing) | (store.served if store is not None else {}),
            elsewhere=external.fingerprints,
        ),
        place.on_cluster(trustee),
    )
    return Served(
        names=sorted([*secrets.names, *external.names]),
        digest=secrets.digest,
        sealed=sealing.sealed,
        components=[secrets, *external.components],
    )


def _from_config(stack: LoadedStack[TrustedStack]) -> Values:
    given = {name: each.keys for name, each in stack.config.secrets.items() if each.source == "config"}
    if not given:
        return {}
    parsed = stack.secrets["secretValues"].apply(secret_values.served)

    def value(secret: str, key: str) -> pulumi.Output[str]:
        return parsed.apply(lambda values: base64.b64encode(values[secret][key]).decode())

    return {name: {key: value(name, key) for key in keys} for name, keys in given.items()}


def _own_documents(inputs: Inputs, sealing: Sealing) -> Values:
    """Served as resources like any other, though nobody has to keep them secret."""
    values: Values = {}
    if inputs.image_policy is not None:
        values[image_policy.SECRET] = {image_policy.KEY: pulumi.Output.from_input(inputs.image_policy)}
    if inputs.sealed_paths:
        key = sealed_secrets.KEY_PATH
        values[key.secret] = {key.key: sealing.public_jwk}
    return values
