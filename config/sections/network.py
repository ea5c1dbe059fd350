"""The network of a stack's cluster: one that the stack makes, or subnets that are there."""

from typing import Annotated

from pydantic import AfterValidator, Field

from config.sections.vpn import VpnSection
from config.types import Address, Section, SubnetName, VnetId, VNetRange, distinct


class SubnetsSection(Section):
    """Subnets of one virtual network that are there already. The stack reads them and changes nothing of them."""

    vnet: VnetId = Field(
        description="Id of their virtual network, in the region and the subscription of the stack"
    )
    control_plane: SubnetName = Field(
        description="Name of the subnet of the control-plane nodes, /27 or larger"
    )
    workers: SubnetName = Field(description="Name of the subnet of the worker nodes, /27 or larger")
    peer_pods: SubnetName | None = Field(
        default=None,
        description="Name of the subnet of the confidential VMs, which needs a NAT gateway, or a route table that leads to a firewall;"
        " only in a stack that runs some",
    )


class NetworkSection(Section):
    """The virtual network of the cluster: a range, and the stack makes it, or subnets that are there."""

    cidr: VNetRange | None = Field(
        default=None,
        description="Address range of the virtual network that the stack makes, /16 to /24; no other stack may overlap it",
    )
    subnets: SubnetsSection | None = Field(default=None, description=SubnetsSection.__doc__)
    peers: Annotated[tuple[VnetId, ...], AfterValidator(distinct)] | None = Field(
        default=None,
        description="Ids of virtual networks that this one is connected with by peering. The stack makes its half of each, and whoever"
        " has the other network makes the other half. From there API and ingress are reached, and nothing else. Of an ARO cluster it is"
        " decided at the creation whether there is such a list, which may be empty",
    )
    vpn: VpnSection | None = Field(
        default=None,
        description=f"{VpnSection.__doc__} An ARO cluster must have it, or peers, which may be empty, from its creation on",
    )
    kbs_address: Address | None = Field(
        default=None,
        description="Address that the name of the KBS stands for in this network, by a private DNS zone of that one name; for a hub whose name"
        " public DNS does not know. Only in a spoke",
    )
