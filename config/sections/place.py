"""Where a stack lives: its place in Azure, its network, its cluster and where operators come from."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from config.sections.clusters import ClusterSection
from config.sections.network import NetworkSection
from config.types import (
    AzureLocation,
    DnsLabel,
    Guid,
    OperatorVersion,
    Section,
    TagName,
    TagValue,
    VmSize,
    azure_tags,
    some,
)
from model import versions


class AzureSection(Section):
    """Where the stack lives in Azure."""

    location: AzureLocation = Field(description="Azure region of everything in this stack, by its short name")
    subscription_id: Guid = Field(description="Subscription that holds this stack")
    tenant_id: Guid = Field(description="Entra tenant of the subscription")
    resource_provider_object_id: Guid | None = Field(
        default=None,
        description="Object id, in this tenant, of the service principal `Azure Red Hat OpenShift RP`"
        " (az ad sp list --display-name 'Azure Red Hat OpenShift RP' --query '[].id'); needed where cluster.kind is aro",
    )
    tags: Annotated[Mapping[TagName, TagValue], AfterValidator(azure_tags)] = Field(
        default={}, description="Tags on every Azure resource of this stack and on its peer-pod VMs"
    )
    vm_sizes_offered: Annotated[tuple[VmSize, ...], AfterValidator(some)] | None = Field(
        default=None,
        description="Confidential VM sizes that the region offers, replacing the built-in table; fill it from"
        " `az vm list-skus --location <region> --size Standard_DC --all --query '[].name'` and the same for Standard_EC",
    )


class OperatorsSection(Section):
    """Where operators come from."""

    source: DnsLabel = Field(
        default="redhat-operators", description="CatalogSource, in openshift-marketplace, of all operators"
    )
    cert_manager: OperatorVersion = Field(
        default=versions.OperatorVersion("1.18.0"),
        description="Version of the cert-manager operator for Red Hat OpenShift; present where the cluster has one already,"
        " which is then looked at and never changed",
    )
    external_secrets: OperatorVersion = Field(
        default=versions.OperatorVersion("1.0.0"),
        description="The same of the External Secrets operator, which is there only when secrets live in a vault; where it is"
        " present, its ExternalSecretsConfig must let the controller out to the vaults",
    )


class CommonSections(Section):
    """What all roles with a cluster share."""

    azure: AzureSection | None = Field(
        default=None,
        description=f"{AzureSection.__doc__} Only a hub on an existing cluster that needs nothing of Azure may leave it out.",
    )
    network: NetworkSection | None = Field(
        default=None,
        description=f"{NetworkSection.__doc__} Needed where cluster.kind is aro, refused elsewhere.",
    )
    cluster: ClusterSection = Field(description="The OpenShift cluster.")
    operators: OperatorsSection = Field(default=OperatorsSection(), description=OperatorsSection.__doc__)

    @property
    def required_azure(self) -> AzureSection:
        """The section ``azure``, for what is made there or asked of it."""
        assert self.azure is not None, "config.rules refuses a stack without it that needs it"
        return self.azure
