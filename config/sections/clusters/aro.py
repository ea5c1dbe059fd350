"""An Azure Red Hat OpenShift cluster that the stack makes."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from config.rule import Mistake, Rule, rule
from config.sections.clusters import made
from config.sections.clusters.kind import ClusterKind
from config.sections.clusters.made import MadeSection
from config.sections.network import NetworkSection
from config.types import (
    AroDomain,
    ControlPlaneSize,
    DiskEncryptionSetId,
    Flag,
    Guid,
    Section,
    Version,
    WorkerSize,
)
from model.azure import vm_sizes
from model.azure.ids import AzureId


class ServicePrincipalSection(Section):
    """The identity that ARO acts with; one cluster each."""

    client_id: Guid = Field(description="Application (client) id")
    object_id: Guid = Field(
        description="Object id of the service principal, not of the application"
        " (az ad sp show --id <clientId> --query id)"
    )


class AroSection(MadeSection):
    """An Azure Red Hat OpenShift cluster that the stack makes."""

    kind: Literal["aro"] = Field(description="aro: make an Azure Red Hat OpenShift cluster")
    domain: AroDomain = Field(
        description="One label, of which the cluster's names are made: <label>.<region>.aroapp.io; unique in the region"
    )
    control_plane_vm_size: ControlPlaneSize = Field(
        default="Standard_D8s_v5", description="VM size of the three control-plane nodes, at least 8 vCPU"
    )
    worker_vm_size: WorkerSize = Field(
        default="Standard_D4s_v5", description="VM size of the worker nodes, at least 4 vCPU"
    )
    fips: Flag = Field(
        default=False,
        description="Use cryptographic modules validated to FIPS on the nodes. It cannot be changed later",
    )
    disk_encryption_set: DiskEncryptionSetId | None = Field(
        default=None,
        description="Id of a disk encryption set, whose key encrypts the disks of the nodes. It cannot be changed later",
    )
    outbound: Literal["loadBalancer", "firewall"] = Field(
        default="loadBalancer",
        description="How the nodes leave: by the cluster's load balancer, or by the route table of their subnets, which leads to a firewall of"
        " their owner's. It cannot be changed later",
    )
    identity: Literal["servicePrincipal", "managed"] = Field(
        default="servicePrincipal",
        description="What the cluster acts with: a service principal with a client secret, or managed identities, which the stack"
        " makes and which have no secret. It cannot be changed later",
    )
    service_principal: ServicePrincipalSection | None = Field(
        default=None,
        description=f"{ServicePrincipalSection.__doc__} Needed where cluster.identity is servicePrincipal, refused elsewhere.",
    )


@rule("azure.resourceProviderObjectId")
def _resource_provider(object_id: str | None) -> Iterator[Mistake]:
    if object_id is None:
        yield Mistake(
            key="azure.resourceProviderObjectId",
            rule="is missing",
            fix="add it, because cluster.kind is aro; this prints it:"
            " az ad sp list --display-name 'Azure Red Hat OpenShift RP' --query '[].id'",
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


@rule("cluster.visibility", "network")
def _reachable(visibility: str, network: NetworkSection | None) -> Iterator[Mistake]:
    if (
        visibility == "Private"
        and network is not None
        and not (network.subnets or network.peers or network.vpn)
    ):
        yield Mistake(
            key="cluster.visibility",
            value=visibility,
            rule="must be Public where no path leads into the cluster's network: neither this program's own run would reach the API, nor"
            " a spoke the KBS of a hub",
            fix="name under network.peers the virtual network that the program runs in, or under network.vpn its site; or use"
            " network.subnets, with a path of their owner's",
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


@rule("cluster.diskEncryptionSet", "azure.subscriptionId")
def _disk_encryption_set(id_: str | None, subscription: str) -> Iterator[Mistake]:
    if id_ is not None and AzureId.parse(id_).subscription != subscription:
        yield Mistake(
            key="cluster.diskEncryptionSet",
            value=id_,
            rule=f"must be in azure.subscriptionId {subscription}, as ARO asks",
            fix="make one there",
        )


@rule("cluster.outbound", "cluster.visibility", "network")
def _outbound(outbound: str, visibility: str, network: NetworkSection | None) -> Iterator[Mistake]:
    if outbound == "firewall" and (visibility == "Public" or network is None or network.subnets is None):
        yield Mistake(
            key="cluster.outbound",
            value=outbound,
            rule="must be loadBalancer where the cluster is public, or in a network that the stack makes: ARO takes routes of one's own for"
            " private clusters alone, and only the owner of a network knows where they lead",
            fix="write cluster.visibility: Private and network.subnets, whose subnets have the route table",
        )


@rule("cluster.outbound", "cluster.identity")
def _routes(outbound: str, identity: str) -> Iterator[Mistake]:
    if outbound == "firewall" and identity == "managed":
        yield Mistake(
            key="cluster.outbound",
            value=outbound,
            rule="must be loadBalancer where cluster.identity is managed, because this program does not know which of ARO's roles are needed"
            " on a route table",
            fix="write cluster.identity: servicePrincipal",
        )


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
        *made.rules("aro"),
        _resource_provider,
        _domain,
        _reachable,
        _older_size("cluster.controlPlaneVmSize"),
        _older_size("cluster.workerVmSize"),
        _disk_encryption_set,
        _outbound,
        _routes,
        _identity,
        _service_principal,
        _workload_identity,
    ),
    secrets=made.SECRETS,
    only_where={"clusterClientSecret": ("cluster.identity", "servicePrincipal")},
)
