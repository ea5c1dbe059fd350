"""The halves of peerings that are in the network of this stack.

Networks connect once both halves are there; the other half is made by whoever has the other network. Azure makes no half that
leads to a network which is not there, so such a one waits for a later update.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from components.elsewhere import Elsewhere
from model.azure import naming
from model.azure.ids import AzureId

_KEY = "coco:network.peers"


@dataclass(frozen=True, kw_only=True)
class PeeringArgs:
    """``vnet_name`` in the group ``group_name`` is the network of this stack. ``remotes``: ids of virtual networks, which may be in
    other subscriptions than ``subscription_id``, of the same tenant.
    """

    vnet_name: str
    group_name: str
    resource_group_name: pulumi.Input[str]
    remotes: Sequence[str]
    subscription_id: str
    tenant_id: str


class Peering(pulumi.ComponentResource):
    """``connected``: those of ``remotes`` that have their half here. Whoever runs it needs Network Contributor on these.

    A half whose other half was taken away is of no use any more, and keeps a new one from being made: it is taken away too.
    """

    connected: tuple[str, ...]

    def __init__(self, name: str, args: PeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:network:Peering", name, {}, opts)
        self._elsewhere = Elsewhere(
            name,
            args.remotes,
            key=_KEY,
            right="a peering needs the role Network Contributor on both networks, for whoever runs this stack",
            subscription_id=args.subscription_id,
            tenant_id=args.tenant_id,
            parent=self,
        )
        waits = {remote: why for remote in args.remotes if (why := self._waits(remote, args))}
        self.connected = tuple(remote for remote in args.remotes if remote not in waits)
        before: list[pulumi.Resource] = []
        for remote in self.connected:
            half = network.VirtualNetworkPeering(
                f"{name}-{naming.peering(remote)}",
                virtual_network_peering_name=naming.peering(remote),
                resource_group_name=args.resource_group_name,
                virtual_network_name=args.vnet_name,
                remote_virtual_network={"id": remote},
                allow_virtual_network_access=True,
                # Only what is in the other network comes in, and nobody leaves through it.
                allow_forwarded_traffic=False,
                allow_gateway_transit=False,
                use_remote_gateways=False,
                # ARM refuses two writes to one network at a time.
                opts=pulumi.ResourceOptions(parent=self, depends_on=before),
            )
            before = [half]
        for remote, why in waits.items():
            pulumi.warn(f"{_KEY}: {remote} {why}. An up after that connects this network with it.")
        self.register_outputs({"connected": list(self.connected)})

    def _waits(self, remote: str, args: PeeringArgs) -> str:
        """Why there is to be no half now; empty where there is to be one. RunError where that cannot be told."""
        place = AzureId.parse(remote)
        there = self._elsewhere.found(
            remote,
            lambda: network.get_virtual_network(
                resource_group_name=place.resource_group,
                virtual_network_name=place.names[0][1],
                opts=self._elsewhere.options(remote),
            ),
        )
        if there is None:
            return "is not there yet"
        half = self._elsewhere.found(
            remote,
            lambda: network.get_virtual_network_peering(
                resource_group_name=args.group_name,
                virtual_network_name=args.vnet_name,
                virtual_network_peering_name=naming.peering(remote),
                opts=pulumi.InvokeOptions(parent=self),
            ),
        )
        if half is not None and half.peering_state == "Disconnected":
            return "was disconnected from its side, so this half is taken away"
        return ""
