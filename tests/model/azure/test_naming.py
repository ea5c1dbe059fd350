import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.azure.naming import (
    NamingError,
    check_stack,
    managed_resource_group,
    resource_group,
    role_assignment_name,
)

stacks = st.from_regex("[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)


@given(stacks)
def test_names_are_what_azure_takes_with_the_longest_suffix(stack: str) -> None:
    for name in (resource_group(stack), managed_resource_group(stack)):
        assert re.fullmatch("[-a-z0-9_.()]{0,89}[-a-z0-9_()]", name), "resource group"
    # Of the names with this prefix, a virtual network's may have 64 characters, the others 80.
    assert len(f"{resource_group(stack)}-vnet") <= 64
    assert len(f"{resource_group(stack)}-peer-pods-nsg") <= 80


@given(stacks, stacks)
def test_no_two_groups_have_one_name(one: str, other: str) -> None:
    groups = {
        resource_group(one),
        managed_resource_group(one),
        resource_group(other),
        managed_resource_group(other),
    }
    assert len(groups) == (2 if one == other else 4)


def test_the_managed_group_is_lower_case_because_aro_compares_it_so() -> None:
    assert managed_resource_group("dev-spoke") == managed_resource_group("dev-spoke").lower()


@pytest.mark.parametrize(
    "stack", ["Dev", "dev_hub", "dev.hub", "-dev", "dev-", "1dev", "", "a" * 41, "dev\n"]
)
def test_a_stack_name_that_azure_or_kubernetes_would_refuse_is_named_with_the_rule(stack: str) -> None:
    with pytest.raises(NamingError) as refused:
        check_stack(stack)
    message = str(refused.value)
    assert f"(got {stack})" in message
    assert "lower-case letters, digits and inner hyphens, at most 40" in message
    assert "rename it, for example dev-hub" in message


scopes = st.text("/abcXYZ-09", min_size=1)


@given(scopes, st.uuids(), st.uuids())
def test_the_same_grant_always_has_the_same_name(scope: str, principal: UUID, role: UUID) -> None:
    name = role_assignment_name(scope, str(principal), str(role))
    assert str(UUID(name)) == name
    assert role_assignment_name(scope.upper(), str(principal).upper(), str(role)) == name


def test_another_grant_has_another_name() -> None:
    grants = [("/a", "p", "r"), ("/b", "p", "r"), ("/a", "q", "r"), ("/a", "p", "s")]
    assert len({role_assignment_name(*grant) for grant in grants}) == len(grants)


def test_role_assignment_names_never_change() -> None:
    # Another name replaces the assignment, and while it is gone the cluster cannot reach its network.
    assert (
        role_assignment_name("/subscriptions/s", "principal", "role")
        == "37c1485d-bd78-5fd1-a5f7-e617dc4dd0e1"
    )
