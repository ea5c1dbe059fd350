"""Which secrets a stack can have. They are keys of their own in the stack file, encrypted, and no part of the models."""

from collections.abc import Mapping
from typing import Final, cast

from config.sections import KINDS, ServedSecretSection

# By the source of a served secret: the key that this source needs.
OF_SOURCES: Final[Mapping[str, str]] = {"keyVault": "keyVaultClientSecret", "config": "secretValues"}
SECRETS: Final[Mapping[str, str]] = {
    **{key: meaning for kind in KINDS.values() for key, meaning in kind.secrets.items()},
    "keyVaultClientSecret": "Client secret of the service principal in externalSecrets.keyVault",
    "vpnKeys": "Pre-shared keys of the connections under network.vpn, as JSON: {name: key}; both ends of a connection have the same",
    "secretValues": "Values of the secrets whose source is config, as JSON: {name: {key: value}}; a value that is no text is {base64: ...}",
}
"""What each is."""


def needed(values: Mapping[str, object]) -> list[str]:
    """The secrets that a stack with these `values` (see `config.values`) needs, as far as they tell."""
    kind = KINDS.get(str(values.get("cluster.kind")))
    secrets = cast(Mapping[str, ServedSecretSection], values.get("secrets", {}))
    sources = {secret.source for secret in secrets.values()}
    keys = {
        *(["vpnKeys"] if values.get("network.vpn") is not None else ()),
        *(kind.needed(values) if kind is not None else ()),
        *(OF_SOURCES.get(source) for source in sources),
    }
    return [key for key in SECRETS if key in keys]
