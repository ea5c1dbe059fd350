"""What is common to the kinds of cluster that a stack makes in Azure."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final, Literal

from pydantic import Field

from config.rule import Mistake, Rule, rule
from config.sections.network import NetworkSection
from config.types import Flag, PodRange, Section, ServiceRange, Version, Whole

SECRETS: Final = {
    "pullSecret": "Pull secret from console.redhat.com, as JSON; the catalogue of Red Hat's operators needs it",
    "clusterClientSecret": "Client secret of the service principal in cluster.servicePrincipal",
}

_NODE_PREFIX = 23  # each node takes a /23 of the pods' range
_CONTROL_PLANE_NODES = 3


class MadeSection(Section):
    """A cluster that the stack makes, with nodes in the network of the stack."""

    version: Version = Field(
        description="OpenShift version at creation; later upgrades happen in the cluster"
    )
    visibility: Literal["Public", "Private"] = Field(
        description="Whether the API and the applications' ingress have public addresses; Private needs a path:"
        " network.peers, network.vpn, or network.subnets with one of their owner's"
    )
    worker_count: Whole = Field(default=3, ge=2, le=50, description="Number of worker nodes")
    worker_disk_gb: Whole = Field(default=128, ge=128, le=32767, description="Disk of a worker node, in GB")
    encryption_at_host: Flag = Field(
        default=False,
        description="Encrypt the temporary disks and caches of the nodes on their hosts too; the subscription needs the feature"
        " Microsoft.Compute/EncryptionAtHost (az feature register). It cannot be changed later",
    )
    pod_cidr: PodRange = Field(
        description="Range of the pods' addresses, /18 or larger; each node takes a /23 of it"
    )
    service_cidr: ServiceRange = Field(description="Range of the services' addresses, /22 or larger")
    protect: Flag = Field(
        default=True,
        description="Refuse to delete the cluster, and the authority that pods pin, until this is false and has been applied",
    )


def _needs_network(kind: str) -> Rule:
    @rule("network")
    def check(network: NetworkSection | None) -> Iterator[Mistake]:
        if network is None:
            yield Mistake(
                key="network",
                rule="is missing",
                fix=f"add it with a cidr or with subnets, because cluster.kind is {kind}",
            )

    return check


def _needs_azure(kind: str) -> Rule:
    @rule("azure")
    def check(azure: Section | None) -> Iterator[Mistake]:
        if azure is None:
            yield Mistake(key="azure", rule="is missing", fix=f"add it, because cluster.kind is {kind}")

    return check


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


def rules(kind: str) -> tuple[Rule, ...]:
    """Those of every such ``kind``."""
    return (_needs_azure(kind), _needs_network(kind), _room_for_pods)
