"""Where a stack lives: its place in Azure, its network, its cluster and where operators come from."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.types import (
    AroDomain,
    AzureLocation,
    ControlPlaneSize,
    DnsLabel,
    Flag,
    Guid,
    PodRange,
    Section,
    ServiceRange,
    TagName,
    TagValue,
    Version,
    VmSize,
    VNetRange,
    Whole,
    WorkerSize,
    azure_tags,
    some,
)


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


class NetworkSection(Section):
    """The virtual network that the stack makes for its cluster."""

    cidr: VNetRange = Field(
        description="Address range of the virtual network, /16 to /24; no other stack may overlap it"
    )


class ServicePrincipalSection(Section):
    """The identity that ARO acts with; one cluster each."""

    client_id: Guid = Field(description="Application (client) id")
    object_id: Guid = Field(
        description="Object id of the service principal, not of the application"
        " (az ad sp show --id <clientId> --query id)"
    )


class AroSection(Section):
    """An Azure Red Hat OpenShift cluster that the stack makes."""

    kind: Literal["aro"] = Field(description="aro: make an Azure Red Hat OpenShift cluster")
    version: Version = Field(
        description="OpenShift version at creation; later upgrades happen in the cluster"
    )
    domain: AroDomain = Field(
        description="Bare label (its names end in <region>.aroapp.io) or a full domain of your own; unique in the region"
    )
    visibility: Literal["Public", "Private"] = Field(
        description="Whether the API and the applications' ingress have public addresses"
    )
    control_plane_vm_size: ControlPlaneSize = Field(
        default="Standard_D8s_v5", description="VM size of the three control-plane nodes, at least 8 vCPU"
    )
    worker_vm_size: WorkerSize = Field(
        default="Standard_D4s_v5", description="VM size of the worker nodes, at least 4 vCPU"
    )
    worker_count: Whole = Field(default=3, ge=2, le=50, description="Number of worker nodes")
    worker_disk_gb: Whole = Field(default=128, ge=128, le=32767, description="Disk of a worker node, in GB")
    pod_cidr: PodRange = Field(
        description="Range of the pods' addresses, /18 or larger; each node takes a /23 of it"
    )
    service_cidr: ServiceRange = Field(description="Range of the services' addresses, /22 or larger")
    service_principal: ServicePrincipalSection = Field(description="The identity that the cluster acts with")
    protect: Flag = Field(
        default=True,
        description="Refuse to delete the cluster, and the authority that pods pin, until this is false and has been applied",
    )


class ExistingSection(Section):
    """A cluster on Azure that is already there; the stack makes neither network nor nodes for it."""

    kind: Literal["existing"] = Field(description="existing: use the cluster of the secret kubeconfig")
    name: DnsLabel = Field(description="What this cluster is called in names and reports")


ClusterSection = Annotated[AroSection | ExistingSection, Field(discriminator="kind")]


class OperatorsSection(Section):
    """Where operators come from."""

    source: DnsLabel = Field(
        default="redhat-operators", description="CatalogSource, in openshift-marketplace, of all operators"
    )
    cert_manager: Version = Field(
        default="1.18.0", description="Version of the cert-manager operator for Red Hat OpenShift"
    )


class Stack(Section):
    """What the three roles share."""

    azure: AzureSection = Field(description=AzureSection.__doc__)
    network: NetworkSection | None = Field(
        default=None,
        description=f"{NetworkSection.__doc__} Needed where cluster.kind is aro, refused elsewhere.",
    )
    cluster: ClusterSection = Field(description="The OpenShift cluster.")
    operators: OperatorsSection = Field(default=OperatorsSection(), description=OperatorsSection.__doc__)
