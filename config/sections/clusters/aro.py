"""An Azure Red Hat OpenShift cluster that the stack makes."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Literal

from pydantic import Field

from config.rule import Mistake, Rule, rule
from config.sections.clusters.kind import ClusterKind
from config.sections.network import NetworkSection
from config.types import (
    AroDomain,
    ControlPlaneSize,
    Flag,
    Guid,
    PodRange,
    Section,
    ServiceRange,
    Version,
    Whole,
    WorkerSize,
)
from model.azure import vm_sizes

_NODE_PREFIX = 23  # each node takes a /23 of the pods' range
_CONTROL_PLANE_NODES = 3


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
        description="One label, of which the cluster's names are made: <label>.<region>.aroapp.io; unique in the region"
    )
    visibility: Literal["Public", "Private"] = Field(
        description="Whether the API and the applications' ingress have public addresses; Private is refused, as nothing makes a path to it"
    )
    control_plane_vm_size: ControlPlaneSize = Field(
        default="Standard_D8s_v5", description="VM size of the three control-plane nodes, at least 8 vCPU"
    )
    worker_vm_size: WorkerSize = Field(
        default="Standard_D4s_v5", description="VM size of the worker nodes, at least 4 vCPU"
    )
    worker_count: Whole = Field(default=3, ge=2, le=50, description="Number of worker nodes")
    worker_disk_gb: Whole = Field(default=128, ge=128, le=32767, description="Disk of a worker node, in GB")
    encryption_at_host: Flag = Field(
        default=False,
        description="Encrypt the temporary disks and caches of the nodes on their hosts too; the subscription needs the feature"
        " Microsoft.Compute/EncryptionAtHost (az feature register). It cannot be changed later",
    )
    fips: Flag = Field(
        default=False,
        description="Use cryptographic modules validated to FIPS on the nodes. It cannot be changed later",
    )
    pod_cidr: PodRange = Field(
        description="Range of the pods' addresses, /18 or larger; each node takes a /23 of it"
    )
    service_cidr: ServiceRange = Field(description="Range of the services' addresses, /22 or larger")
    identity: Literal["servicePrincipal", "managed"] = Field(
        default="servicePrincipal",
        description="What the cluster acts with: a service principal with a client secret, or managed identities, which the stack"
        " makes and which have no secret. It cannot be changed later",
    )
    service_principal: ServicePrincipalSection | None = Field(
        default=None,
        description=f"{ServicePrincipalSection.__doc__} Needed where cluster.identity is servicePrincipal, refused elsewhere.",
    )
    protect: Flag = Field(
        default=True,
        description="Refuse to delete the cluster, and the authority that pods pin, until this is false and has been applied",
    )


@rule("network")
def _network(network: NetworkSection | None) -> Iterator[Mistake]:
    if network is None:
        yield Mistake(
            key="network",
            rule="is missing",
            fix="add it with a cidr or with subnets, because cluster.kind is aro",
        )


@rule("azure")
def _azure(azure: Section | None) -> Iterator[Mistake]:
    if azure is None:
        yield Mistake(key="azure", rule="is missing", fix="add it, because cluster.kind is aro")


@rule("azure.resourceProviderObjectId")
def _resource_provider(object_id: str | None) -> Iterator[Mistake]:
    if object_id is None:
        yield Mistake(
            key="azure.resourceProviderObjectId",
            rule="is missing",
            fix="add it, because cluster.kind is aro; this prints it:"
            " az ad sp list --display-name 'Azure Red Hat OpenShift RP' --query '[].id'",
        )


@rule("cluster.podCidr", "cluster.workerCount")
def _room_for_pods(pods: IPv4Network, workers: int) -> Iterator[Mistake]:
    """A node takes a /23 of the pods' range, and while the cluster is made there is one node more."""
    nodes = _CONTROL_PLANE_NODES + workers + 1
    room = 2 ** (_NODE_PREFIX - pods.prefixlen)
    if nodes > room:
        yield Mistake(
            key="cluster.podCidr",
            value=str(pods),
            rule=f"must have a /{_NODE_PREFIX} for each of {nodes} nodes but has only {room}",
            fix="take a larger range or a smaller cluster.workerCount",
        )


@rule("cluster.domain", "azure.location")
def _domain(domain: str, region: str) -> Iterator[Mistake]:
    ending = f".{region}.aroapp.io"
    if domain.endswith(".aroapp.io") and (not domain.endswith(ending) or "." in domain.removesuffix(ending)):
        yield Mistake(
            key="cluster.domain",
            value=domain,
            rule=f"must be one label before {ending} where it ends in aroapp.io",
            fix=f"write the label alone, {domain.partition('.')[0]}",
        )
    elif "." in domain and not domain.endswith(".aroapp.io"):
        # ARO-RP: tls.go makes certificates for names below aroapp.io alone, kubeconfig.go leaves the cluster's own authority out
        # of the kubeconfig that users get.
        yield Mistake(
            key="cluster.domain",
            value=domain,
            rule="must be one label, because ARO makes DNS records and certificates for names below aroapp.io alone: with another"
            " domain nothing answers at the API's name after the installation, and its kubeconfig trusts no certificate there",
            fix=f"write a label alone, for example {domain.partition('.')[0]}; or make the cluster, its records and its"
            " certificates yourself, and use cluster.kind existing",
        )


@rule("cluster.visibility")
def _reachable(visibility: str) -> Iterator[Mistake]:
    if visibility == "Private":
        yield Mistake(
            key="cluster.visibility",
            value=visibility,
            rule="must be Public, because this program makes no path into the cluster's network: neither its own run would reach"
            " the API, nor a spoke the KBS of a hub",
            fix="write Public; or make the cluster and a path to it yourself, and use cluster.kind existing",
        )


def _older_size(key: str) -> Rule:
    @rule(key, "cluster.version")
    def check(size: str, version: Version) -> Iterator[Mistake]:
        if size in vm_sizes.ARO_NEEDS_4_19 and version.numbers < (4, 19):
            yield Mistake(
                key=key,
                value=size,
                rule=f"must be an older size for OpenShift {version}, because ARO takes it from 4.19 on",
                fix="use a v5 size or a newer cluster.version",
            )

    return check


@rule("cluster.identity", "cluster.servicePrincipal")
def _identity(identity: str, principal: ServicePrincipalSection | None) -> Iterator[Mistake]:
    if identity == "servicePrincipal" and principal is None:
        yield Mistake(
            key="cluster.servicePrincipal",
            rule="is missing",
            fix="add its clientId and objectId, or write cluster.identity: managed, which needs no service principal",
        )
    elif identity == "managed" and principal is not None:
        yield Mistake(
            key="cluster.servicePrincipal",
            value=principal.client_id,
            rule="must be absent where cluster.identity is managed",
            fix="remove the section, because the stack makes the identities of the cluster",
        )


@rule("cluster.identity", "sandboxedContainers.version")
def _workload_identity(identity: str, operator: Version) -> Iterator[Mistake]:
    """OSC takes an identity of the cluster's OIDC issuer from 1.12.1 on."""
    if identity == "managed" and operator.numbers < (1, 12, 1):
        yield Mistake(
            key="sandboxedContainers.version",
            value=str(operator),
            rule="must be 1.12.1 or newer where cluster.identity is managed, because older ones need a client secret",
            fix="use a newer version, or cluster.identity: servicePrincipal",
        )


@rule("cluster.servicePrincipal.objectId", "cluster.servicePrincipal.clientId")
def _service_principal(object_id: str, client_id: str) -> Iterator[Mistake]:
    if object_id == client_id:
        yield Mistake(
            key="cluster.servicePrincipal.objectId",
            value=object_id,
            rule="must be the object id of the service principal, which is never the client id",
            fix=f"use what this prints: az ad sp show --id {client_id} --query id",
        )


KIND = ClusterKind(
    section=AroSection,
    rules=(
        _azure,
        _network,
        _resource_provider,
        _room_for_pods,
        _domain,
        _reachable,
        _older_size("cluster.controlPlaneVmSize"),
        _older_size("cluster.workerVmSize"),
        _identity,
        _service_principal,
        _workload_identity,
    ),
    secrets={
        "pullSecret": "Pull secret from console.redhat.com, as JSON; the catalogue of Red Hat's operators needs it",
        "clusterClientSecret": "Client secret of the service principal in cluster.servicePrincipal (cluster.kind aro)",
    },
    only_where={"clusterClientSecret": ("cluster.identity", "servicePrincipal")},
)
