"""The part of the trusted zone that is there only when served secrets live in a vault elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pulumi

from components.cluster.operator import OperatorSubscription
from components.hub.secret_store import KeyVault, SecretStore, SecretStoreArgs, Vault
from components.kubernetes import custom_resource
from config.roles import TrustedStack
from program import catalogue
from program.place import Place
from program.stack import LoadedStack


@dataclass(frozen=True, kw_only=True)
class ExternalSecrets:
    """Names of Kubernetes secrets, fingerprints of their values, and what to wait for before using either."""

    names: list[str]
    fingerprints: pulumi.Output[Mapping[str, Mapping[str, str]]]
    components: list[pulumi.Resource]


def declare(
    stack: LoadedStack[TrustedStack],
    place: Place,
    trustee: OperatorSubscription,
    namespace: pulumi.Input[str],
) -> ExternalSecrets:
    """``namespace`` is that of ``trustee``, the operator that serves the secrets."""
    config = stack.config
    sources = {name: source for name, source in _sources(stack).items() if _keys(config, name)}
    if not sources:
        return ExternalSecrets(names=[], fingerprints=pulumi.Output.from_input({}), components=[])
    operator = place.operator_or_present(
        catalogue.EXTERNAL_SECRETS, config.operators.external_secrets, beside=trustee
    )
    # What is present has its configuration already, and there may be only one.
    present = config.operators.external_secrets.present
    running = (
        operator
        if present
        else custom_resource(
            "external-secrets",
            api_version="operator.openshift.io/v1alpha1",
            kind="ExternalSecretsConfig",
            object_name="cluster",
            spec={"controllerConfig": {"networkPolicies": [_egress(sources.values())]}},
            wait_for=["condition=Ready"],
            opts=pulumi.ResourceOptions(provider=place.cluster.provider, depends_on=[operator]),
        )
    )
    stores = [
        SecretStore(
            {"keyVault": "key-vault", "vault": "vault"}[name],
            SecretStoreArgs(
                namespace=namespace,
                source=source,
                secrets=_keys(config, name),
                refresh=f"{config.external_secrets.refresh_minutes}m",
                operator=operator.csv,
            ),
            place.on_cluster(trustee, running),
        )
        for name, source in sources.items()
    ]
    return ExternalSecrets(
        names=[name for store in stores for name in store.names],
        fingerprints=pulumi.Output.all(*[store.fingerprints for store in stores]).apply(
            lambda found: {name: values for each in found for name, values in each.items()}
        ),
        components=list(stores),
    )


def _egress(sources: Iterable[KeyVault | Vault]) -> dict[str, Any]:
    """The operator isolates what it runs: without this the controller reaches neither a vault nor, for its token, Entra."""
    ports = {443, *(urlsplit(source.url).port or 443 for source in sources)}
    return {
        "name": "vaults",
        "componentName": "ExternalSecretsCoreController",
        "egress": [{"ports": [{"protocol": "TCP", "port": port} for port in sorted(ports)]}],
    }


def _keys(config: TrustedStack, source: str) -> dict[str, tuple[str, ...]]:
    return {name: secret.keys for name, secret in config.secrets.items() if secret.source == source}


def _sources(stack: LoadedStack[TrustedStack]) -> dict[str, KeyVault | Vault]:
    config = stack.config
    sources: dict[str, KeyVault | Vault] = {}
    key_vault, vault = config.external_secrets.key_vault, config.external_secrets.vault
    if key_vault is not None and "keyVaultClientSecret" in stack.secrets:
        sources["keyVault"] = KeyVault(
            url=key_vault.url,
            tenant_id=config.required_azure.tenant_id,
            client_id=key_vault.client_id,
            client_secret=stack.secrets["keyVaultClientSecret"],
        )
    if vault is not None:
        sources["vault"] = Vault(url=vault.url, mount=vault.mount, role=vault.role)
    return sources
