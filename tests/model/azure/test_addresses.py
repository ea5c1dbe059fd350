from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.azure.addresses import AZURE_RESERVED, AddressError, Plan, capacity, plan

vnets = st.builds(
    lambda number, prefix: IPv4Network((number >> (32 - prefix) << (32 - prefix), prefix)),
    st.integers(0, 2**32 - 1),
    st.integers(16, 24),
)


def subnets(planned: Plan) -> list[IPv4Network]:
    return [s for s in (planned.control_plane, planned.workers, planned.peer_pods) if s is not None]


@given(vnets, st.booleans())
def test_subnets_lie_in_the_network_and_are_disjoint(cidr: IPv4Network, peer_pods: bool) -> None:
    planned = subnets(plan(cidr, peer_pods=peer_pods))
    assert len(planned) == 2 + peer_pods
    assert all(subnet.subnet_of(cidr) for subnet in planned)
    assert not any(one.overlaps(other) for one, other in combinations(planned, 2))


@given(vnets)
def test_every_subnet_is_as_large_as_aro_asks_and_holds_what_runs_there(cidr: IPv4Network) -> None:
    planned = plan(cidr, peer_pods=True)
    assert all(subnet.prefixlen <= 27 for subnet in subnets(planned))
    # Three nodes, the bootstrap node, and the addresses of the internal load balancer and the private link service.
    assert capacity(planned.control_plane) >= 3 + 1 + 2
    assert capacity(planned.workers) >= 50 + 1  # ARO's maximum and the one that an upgrade adds


@given(vnets)
def test_adding_peer_pods_later_moves_no_subnet(cidr: IPv4Network) -> None:
    without, with_ = plan(cidr, peer_pods=False), plan(cidr, peer_pods=True)
    assert subnets(with_)[:2] == subnets(without)


@given(vnets)
def test_a_part_of_the_network_stays_free(cidr: IPv4Network) -> None:
    assert sum(s.num_addresses for s in subnets(plan(cidr, peer_pods=True))) < cidr.num_addresses


def test_capacity_leaves_out_what_azure_keeps() -> None:
    assert capacity(IPv4Network("10.0.0.0/27")) == 32 - AZURE_RESERVED == 27


@pytest.mark.parametrize("cidr", ["10.0.0.0/25", "10.0.0.0/32", "10.0.0.0/15"])
def test_a_network_that_cannot_hold_the_subnets_is_refused_by_name(cidr: str) -> None:
    with pytest.raises(AddressError, match=f"of /16 to /24 to hold its subnets, not {cidr}"):
        plan(IPv4Network(cidr), peer_pods=True)
