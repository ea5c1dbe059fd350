"""A cluster that somebody else made, on Azure where it runs peer pods."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from config.rule import Mistake, rule
from config.sections.clusters.kind import ClusterKind
from config.sections.network import NetworkSection
from config.types import DnsLabel, Section


class ExistingSection(Section):
    """A cluster that is already there; the stack makes neither network nor nodes for it. One of a hub may be anywhere."""

    kind: Literal["existing"] = Field(description="existing: use the cluster of the secret kubeconfig")
    name: DnsLabel = Field(description="What this cluster is called in names and reports")
    visibility: Literal["Public", "Private"] = Field(
        default="Public",
        description="Whether its applications' ingress has a public address. The KBS of a hub without one is reached only by spokes"
        " on existing clusters, whose owner makes the path",
    )


@rule("network")
def _no_network(network: NetworkSection | None) -> Iterator[Mistake]:
    if network is not None:
        yield Mistake(
            key="network",
            value="subnets" if network.cidr is None else str(network.cidr),
            rule="must be absent where cluster.kind is existing",
            fix="remove the section, because that cluster has its network already",
        )


KIND = ClusterKind(
    section=ExistingSection,
    rules=(_no_network,),
    secrets={"kubeconfig": "Kubeconfig of the existing cluster, as YAML (cluster.kind existing)"},
)
