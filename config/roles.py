"""What a stack file may say, a model a role, and which secrets go with it.

Pure: no I/O and no pulumi. Secrets are no part of the models: they are keys of their own (`SECRETS`), of which a stack
needs `required_secrets`. Every model that could be made keeps the rules of `config.rules`.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from config import rules, values
from config.markers import refuse
from config.rule import broken
from config.secret_keys import SECRETS, needed
from config.sections import (
    AroSection,
    AzureSection,
    CommonSections,
    ExistingSection,
    NetworkSection,
    OperatorsSection,
    PeerPodsSection,
    ProfileSection,
    SamplesSection,
    SandboxedContainersSection,
    Section,
    ServedSecretSection,
    ServicePrincipalSection,
    TrustedZone,
    TrusteeSection,
    UntrustedZone,
)
from config.types import DnsLabel, Flag, StackName, distinct

__all__ = [
    "ROLES",
    "SECRETS",
    "AroSection",
    "AzureSection",
    "ContractConfig",
    "ExistingSection",
    "HubConfig",
    "NetworkSection",
    "OperatorsSection",
    "PeerPodsSection",
    "PlacedStack",
    "ProfileSection",
    "RoleConfig",
    "SamplesSection",
    "SandboxedContainersSection",
    "ServedSecretSection",
    "ServicePrincipalSection",
    "SpokeConfig",
    "StackConfig",
    "StandaloneConfig",
    "TrustedStack",
    "TrusteeSection",
    "UntrustedStack",
    "required_secrets",
]


class RoleConfig(Section):
    """A stack of any role. Raises ValidationError where it breaks a rule of `config.rules`."""

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        mine = values.of(self)
        for problem in broken(mine, rules.of(type(self), mine)):
            raise refuse(f"{problem.key} {problem.rule}", problem.fix)
        return self


class PlacedStack(RoleConfig, CommonSections):
    """A stack of any role with a cluster."""


class TrustedStack(PlacedStack, TrustedZone):
    """A stack of any role with Trustee."""


class UntrustedStack(PlacedStack, UntrustedZone):
    """A stack of any role with confidential pods."""

    @property
    def deployed_workloads(self) -> tuple[str, ...]:
        """The workloads that this stack deploys."""
        raise NotImplementedError


class HubConfig(TrustedStack):
    """The trusted zone: a cluster with Trustee and the secrets it serves."""

    role: Literal["hub"] = Field(description="hub: the trusted zone")


class SpokeConfig(UntrustedStack):
    """An untrusted zone: a cluster with confidential pods that attest to a hub."""

    role: Literal["spoke"] = Field(description="spoke: an untrusted zone")
    hub: StackName = Field(
        description="Full name of the hub's stack, or of the contract that repeats its outputs, organization/project/stack"
    )
    hub_may_come_later: Flag = Field(
        default=False,
        description="While the hub has never been up, bring up the network, the cluster and the operator all the same; the confidential"
        " part follows with the next up after it",
    )
    workloads: Annotated[tuple[DnsLabel, ...], AfterValidator(distinct)] = Field(
        default=(), description="Workloads of the hub that this stack deploys, each a folder of workloads/"
    )

    @property
    def deployed_workloads(self) -> tuple[str, ...]:
        return self.workloads


class StandaloneConfig(TrustedStack, UntrustedStack):
    """Hub and spoke on one cluster, for a first trial only: the zones are not separate."""

    role: Literal["standalone"] = Field(
        description="standalone: both zones on one cluster, for a first trial"
    )

    @property
    def deployed_workloads(self) -> tuple[str, ...]:
        """All that it defines."""
        return tuple(self.workloads)


class ContractConfig(RoleConfig):
    """The outputs of a hub once more, in a stack without any secret: who may not use the key of the hub's state reads them there."""

    role: Literal["contract"] = Field(
        description="contract: repeats what a hub publishes, for spokes that have no right to the key of the hub's state"
    )
    hub: StackName = Field(description="Full name of the hub's stack, organization/project/stack")


AnyConfig = HubConfig | SpokeConfig | StandaloneConfig | ContractConfig
StackConfig = Annotated[AnyConfig, Field(discriminator="role")]
"""A stack of any role, for those who tell the roles apart."""
ROLES: Final[Mapping[str, type[AnyConfig]]] = {
    "hub": HubConfig,
    "contract": ContractConfig,
    "spoke": SpokeConfig,
    "standalone": StandaloneConfig,
}


def required_secrets(config: RoleConfig) -> list[str]:
    """The keys, without the prefix `coco:`, of the secrets that this stack cannot do without."""
    return needed(values.of(config))
