"""The address plan: how a virtual network's range is split among its subnets. Pure.

The split does not depend on what is asked for, so adding the peer-pod subnet later moves nothing:

    | 1/8 control plane | 1/8 free | 1/4 workers | 1/4 peer pods | /27 VPN gateway, the rest of 1/4 free |

The free parts are for what a person adds later, such as private endpoints.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network

AZURE_RESERVED = (
    5  # addresses of every subnet: the network's, three for Azure's gateway and DNS, and the broadcast one
)


class AddressError(ValueError):
    """The range cannot hold the subnets."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Disjoint subnets of one virtual network, each of /27 or larger as ARO asks."""

    control_plane: IPv4Network
    workers: IPv4Network
    peer_pods: IPv4Network | None
    vpn_gateway: IPv4Network


def plan(cidr: IPv4Network, *, peer_pods: bool) -> Plan:
    """The subnets of `cidr`, with one for peer-pod VMs if `peer_pods`. Raises AddressError unless it is /16 to /24."""
    if not 16 <= cidr.prefixlen <= 24:
        raise AddressError(f"a virtual network must be a range of /16 to /24 to hold its subnets, not {cidr}")
    quarters = list(cidr.subnets(prefixlen_diff=2))
    return Plan(
        control_plane=next(quarters[0].subnets()),
        workers=quarters[1],
        peer_pods=quarters[2] if peer_pods else None,
        vpn_gateway=next(quarters[3].subnets(new_prefix=27)),
    )


def capacity(subnet: IPv4Network) -> int:
    """How many addresses of `subnet` machines can get."""
    return subnet.num_addresses - AZURE_RESERVED
