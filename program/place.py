"""Where a zone runs: a cluster to install into, and where the virtual machines of its peer pods are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.cluster.access import ClusterAccess
from components.cluster.operator import OperatorSubscription, OperatorSubscriptionArgs
from components.cluster.present_operator import PresentOperator, PresentOperatorArgs
from config.sections import CommonSections
from model.azure import naming
from model.versions import OLDEST_PRESENT, OperatorVersion
from program.catalogue import Operator
from program.stack import LoadedStack


def own_network(stack: LoadedStack[CommonSections]) -> str | None:
    """The id that the network of the stack has, where the stack makes one."""
    network = stack.config.network
    if network is None or network.cidr is None:
        return None
    return naming.virtual_network_id(stack.name, stack.config.required_azure.subscription_id)


def own_gateway(stack: LoadedStack[CommonSections]) -> str | None:
    """The id that the VPN gateway of the stack has, where the stack makes one."""
    network = stack.config.network
    if network is None or network.vpn is None:
        return None
    return naming.vpn_gateway_id(stack.name, stack.config.required_azure.subscription_id)


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
class OwnNetwork:
    """The network that the stack makes, in a group of its own. ``connected``: ids of the virtual networks and VPN gateways that it is
    connected with from its side. ``vpn_address``: the public one of its own VPN gateway, where it has one.
    """

    vnet_id: pulumi.Output[str]
    resource_group: pulumi.Output[str]
    connected: tuple[str, ...] = ()
    vpn_address: pulumi.Output[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """``peer_pods`` only where the zone runs some; ``protect`` where the cluster must not be deleted by accident.

    ``network``: None where the stack makes none.
    ``in_azure``: options of what is in the stack's subscription and not on the cluster.
    """

    cluster: ClusterAccess
    in_azure: pulumi.ResourceOptions
    operators_from: str
    peer_pods: PeerPodNetwork | None
    protect: bool = False
    network: OwnNetwork | None = None

    def on_cluster(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a component that lives on this cluster and comes ``after`` others."""
        return pulumi.ResourceOptions(providers=[self.cluster.provider], depends_on=list(after))

    def operator(
        self,
        operator: Operator,
        version: str,
        *,
        environment: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> OperatorSubscription:
        """An operator, installed at ``version``."""
        return OperatorSubscription(
            operator.name,
            OperatorSubscriptionArgs(
                namespace=operator.namespace,
                package=operator.package,
                csv=f"{operator.csv}.v{version}",
                channel=operator.channel,
                source=self.operators_from,
                privileged=operator.privileged,
                all_namespaces=operator.all_namespaces,
                environment=environment or {},
            ),
            self.on_cluster(),
        )

    def operator_or_present(
        self, operator: Operator, version: OperatorVersion, beside: OperatorSubscription
    ) -> OperatorSubscription | PresentOperator:
        """The same, or only looked at where it is ``present``, from the namespace of another one."""
        if not version.present:
            return self.operator(operator, version)
        return PresentOperator(
            operator.name,
            PresentOperatorArgs(
                package=operator.csv, oldest=OLDEST_PRESENT[operator.csv], namespace=beside.namespace
            ),
            self.on_cluster(beside),
        )
