"""The operators that a stack installs, or finds: where each lives and what the catalogue calls it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components.hub.trustee import NAMESPACE as TRUSTEE_NAMESPACE
from components.spoke.sandboxed_containers import NAMESPACE as OSC_NAMESPACE
from config.roles import TrustedStack, UntrustedStack
from config.sections import CommonSections


@dataclass(frozen=True, kw_only=True)
class Operator:
    """``csv``: what OLM calls a version before ``.v<version>``. ``key``: of the stack file, where it may be present already."""

    name: str
    package: str
    namespace: str
    csv: str
    channel: str = "stable"
    privileged: bool = False
    all_namespaces: bool = False
    key: str | None = None


CERT_MANAGER: Final = Operator(
    name="cert-manager-operator",
    package="openshift-cert-manager-operator",
    namespace="cert-manager-operator",
    csv="cert-manager-operator",
    channel="stable-v1",
    key="operators.certManager",
)
EXTERNAL_SECRETS: Final = Operator(
    name="external-secrets-operator",
    package="openshift-external-secrets-operator",
    namespace="external-secrets-operator",
    csv="external-secrets-operator",
    channel="stable-v1",
    all_namespaces=True,
    key="operators.externalSecrets",
)
TRUSTEE: Final = Operator(
    name="trustee-operator", package="trustee-operator", namespace=TRUSTEE_NAMESPACE, csv="trustee-operator"
)
SANDBOXED_CONTAINERS: Final = Operator(
    name="osc-operator",
    package="sandboxed-containers-operator",
    namespace=OSC_NAMESPACE,
    csv="sandboxed-containers-operator",
    privileged=True,
)


def installed_by(config: CommonSections) -> Iterator[Operator]:
    """Those that the stack itself installs."""
    if isinstance(config, TrustedStack):
        yield TRUSTEE
        if not config.operators.cert_manager.present:
            yield CERT_MANAGER
        vaults = {"keyVault", "vault"} & {secret.source for secret in config.secrets.values()}
        if vaults and not config.operators.external_secrets.present:
            yield EXTERNAL_SECRETS
    if isinstance(config, UntrustedStack):
        yield SANDBOXED_CONTAINERS
