"""A self-managed OpenShift cluster in Azure that the stack makes with `openshift-install`."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from config.rule import Mistake, rule
from config.sections.clusters import made
from config.sections.clusters.kind import ClusterKind
from config.sections.clusters.made import MadeSection
from config.sections.network import NetworkSection
from config.types import DnsLabel, Guid, HostName, ResourceGroupName, Section, VmSize

# openshift/installer, pkg/types/azure/validation/platform.go: userTags.
_TAGS = 10
_TAG_NAME = re.compile("[A-Za-z](?:[0-9A-Za-z_.-]{0,126}[0-9A-Za-z_])?")
_TAG_VALUE = re.compile("[0-9A-Za-z_.=+@-]{1,256}")


class InstallerPrincipalSection(Section):
    """What openshift-install and the cluster act with: a service principal that may do all in the subscription."""

    client_id: Guid = Field(
        description="Application (client) id; it needs the roles Contributor and User Access Administrator on the subscription"
    )


class SelfManagedSection(MadeSection):
    """A self-managed OpenShift cluster in Azure that the stack makes with openshift-install."""

    kind: Literal["selfManaged"] = Field(
        description="selfManaged: make an OpenShift cluster with openshift-install of cluster.version, which must be on PATH"
    )
    name: DnsLabel = Field(
        description="Name of the cluster; its own names end in <name>.<baseDomain>. It cannot be changed later"
    )
    base_domain: HostName = Field(
        description="Domain of a public Azure DNS zone that is there; the installer adds the records api.<name> and *.apps.<name>"
    )
    base_domain_resource_group: ResourceGroupName = Field(description="Resource group of that DNS zone")
    control_plane_vm_size: VmSize = Field(
        default="Standard_D8s_v5",
        description="VM size of the three control-plane nodes, at least 4 vCPU and 16 GB",
    )
    worker_vm_size: VmSize = Field(
        default="Standard_D4s_v5", description="VM size of the worker nodes, at least 2 vCPU and 8 GB"
    )
    service_principal: InstallerPrincipalSection = Field(description=InstallerPrincipalSection.__doc__)


@rule("network")
def _own_network(network: NetworkSection | None) -> Iterator[Mistake]:
    if network is not None and network.subnets is not None:
        yield Mistake(
            key="network.subnets",
            value=network.subnets.vnet,
            rule="must be absent where cluster.kind is selfManaged, because the security groups of its subnets must admit the API and"
            " the ingress, and the program changes none that are there",
            fix="write network.cidr; or install the cluster yourself, and use cluster.kind existing",
        )


@rule("cluster.visibility")
def _public(visibility: str) -> Iterator[Mistake]:
    if visibility == "Private":
        yield Mistake(
            key="cluster.visibility",
            value=visibility,
            rule="must be Public where cluster.kind is selfManaged, because openshift-install gives the names of a private cluster to a"
            " private DNS zone of its own network alone: no spoke would find the KBS of a hub there",
            fix="write Public; or use cluster.kind aro, whose names are known everywhere; or existing",
        )


@rule("azure.tags")
def _tags(tags: Mapping[str, str]) -> Iterator[Mistake]:
    # The program adds one, coco-stack.
    if len(tags) >= _TAGS:
        yield Mistake(
            key="azure.tags",
            value=f"{len(tags)} tags",
            rule=f"must be at most {_TAGS - 1} where cluster.kind is selfManaged: openshift-install takes {_TAGS}, and the program"
            " adds coco-stack",
            fix="remove some",
        )
    for name, value in tags.items():
        if _TAG_NAME.fullmatch(name) is None or _TAG_VALUE.fullmatch(value) is None:
            yield Mistake(
                key=f"azure.tags.{name}",
                value=value,
                rule="must be a tag that openshift-install takes: a name of letters, digits, '_', '.' and '-' that starts with a letter,"
                " and a value of letters, digits and _.=+@-",
                fix="rename it, for example zone: untrusted",
            )


KIND = ClusterKind(
    section=SelfManagedSection,
    rules=(*made.rules("selfManaged"), _own_network, _public, _tags),
    secrets=made.SECRETS,
)
