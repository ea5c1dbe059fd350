"""Where a zone runs: a cluster to install into, and where the virtual machines of its peer pods are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.cluster.access import ClusterAccess
from components.cluster.operator import OperatorSubscription, OperatorSubscriptionArgs


@dataclass(frozen=True, kw_only=True)
class PeerPodNetwork:
    """Where the virtual machines of peer pods are made.

    ``identity``: environment variables of OSC's operator by which it takes an identity of its own (``spec.config.env`` of its
    Subscription); empty where it uses the credentials of the cluster.
    """

    resource_group: pulumi.Output[str]
    region: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    nsg_id: pulumi.Output[str]
    egress_address: pulumi.Output[str] | None
    identity: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])


@dataclass(frozen=True, kw_only=True)
class Place:
    """``peer_pods`` only where the zone runs some; ``protect`` where the cluster must not be deleted by accident.

    ``in_azure``: options of what is in the stack's subscription and not on the cluster.
    """

    cluster: ClusterAccess
    in_azure: pulumi.ResourceOptions
    operators_from: str
    peer_pods: PeerPodNetwork | None
    protect: bool = False

    def on_cluster(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a component that lives on this cluster and comes ``after`` others."""
        return pulumi.ResourceOptions(providers=[self.cluster.provider], depends_on=list(after))

    def operator(
        self,
        name: str,
        *,
        namespace: str,
        package: str,
        version: str,
        csv: str | None = None,
        channel: str = "stable",
        operands: tuple[str, ...] = (),
        privileged: bool = False,
        all_namespaces: bool = False,
        environment: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> OperatorSubscription:
        """An operator at ``version``; ``csv`` is what OLM calls it before ``.v<version>``, by default the package."""
        return OperatorSubscription(
            name,
            OperatorSubscriptionArgs(
                namespace=namespace,
                package=package,
                csv=f"{csv or package}.v{version}",
                channel=channel,
                source=self.operators_from,
                operands=operands,
                privileged=privileged,
                all_namespaces=all_namespaces,
                environment=environment or {},
            ),
            self.on_cluster(),
        )
