"""What a stack file may say, a model a role, and which secrets go with it.

Pure: no I/O and no pulumi. Secrets are no part of the models: they are keys of their own (`SECRETS`), of which a stack
needs `required_secrets`. Every model that could be made keeps the rules of `config.rules`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config import rules
from config.sections import (
    AroSection,
    AzureSection,
    ExistingSection,
    NetworkSection,
    OperatorsSection,
    PeerPodsSection,
    ProfileSection,
    SamplesSection,
    SandboxedContainersSection,
    ServedSecretSection,
    ServicePrincipalSection,
    Stack,
    TrustedZone,
    TrusteeSection,
    UntrustedZone,
)
from config.types import StackName, refuse

__all__ = [
    "AroSection",
    "AzureSection",
    "ExistingSection",
    "HubConfig",
    "NetworkSection",
    "OperatorsSection",
    "PeerPodsSection",
    "ProfileSection",
    "SamplesSection",
    "SandboxedContainersSection",
    "ServedSecretSection",
    "ServicePrincipalSection",
    "SpokeConfig",
    "StackConfig",
    "StandaloneConfig",
    "TrusteeSection",
    "required_secrets",
]

SECRETS: Mapping[str, str] = {
    "pullSecret": "Pull secret from console.redhat.com, as JSON; the catalogue of Red Hat's operators needs it",
    "clusterClientSecret": "Client secret of the service principal in cluster.servicePrincipal (cluster.kind aro)",
    "kubeconfig": "Kubeconfig of the existing cluster, as YAML (cluster.kind existing)",
    "keyVaultClientSecret": "Client secret of the service principal in externalSecrets.keyVault",
    "secretValues": "Values of the secrets whose source is config, as JSON: {name: {key: value}}",
}


class _Role(Stack):
    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        for problem in rules.broken(self):
            raise refuse(f"{problem.key} {problem.rule}", problem.fix)
        return self


class TrustedStack(_Role, TrustedZone):
    """What a stack with a trusted zone says, whatever else it is."""


class UntrustedStack(_Role, UntrustedZone):
    """What a stack with an untrusted zone says, whatever else it is."""


class HubConfig(TrustedStack):
    """The trusted zone: a cluster with Trustee and the secrets it serves."""

    role: Literal["hub"] = Field(description="hub: the trusted zone")


class SpokeConfig(UntrustedStack):
    """An untrusted zone: a cluster with confidential pods that attest to a hub."""

    role: Literal["spoke"] = Field(description="spoke: an untrusted zone")
    hub: StackName = Field(description="Full name of the hub's stack, organization/project/stack")


class StandaloneConfig(TrustedStack, UntrustedStack):
    """Hub and spoke on one cluster, for a first trial only: the zones are not separate."""

    role: Literal["standalone"] = Field(
        description="standalone: both zones on one cluster, for a first trial"
    )


StackConfig = Annotated[HubConfig | SpokeConfig | StandaloneConfig, Field(discriminator="role")]


def _serves_from(stack: Stack, source: str) -> bool:
    return isinstance(stack, TrustedZone) and any(s.source == source for s in stack.secrets.values())


_NEEDED: Mapping[str, Callable[[Stack], bool]] = {
    "pullSecret": lambda stack: isinstance(stack.cluster, AroSection),
    "clusterClientSecret": lambda stack: isinstance(stack.cluster, AroSection),
    "kubeconfig": lambda stack: isinstance(stack.cluster, ExistingSection),
    "keyVaultClientSecret": lambda stack: _serves_from(stack, "keyVault"),
    "secretValues": lambda stack: _serves_from(stack, "config"),
}


def needs_secret(config: Stack, key: str) -> bool:
    """Whether this stack cannot do without the secret `key` of `SECRETS`."""
    return _NEEDED[key](config)


def required_secrets(config: Stack) -> list[str]:
    """The keys, without the prefix `coco:`, of the secrets that this stack cannot do without."""
    return [key for key in SECRETS if needs_secret(config, key)]
