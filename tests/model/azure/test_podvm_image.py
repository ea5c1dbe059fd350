"""Names of the pod VM image: two spokes that come up at the same time never meet in one storage account."""

import re

from hypothesis import given
from hypothesis import strategies as st

from model.azure import podvm_image

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
stacks = st.from_regex(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", fullmatch=True)


@given(stacks, stacks)
def test_two_stacks_never_share_the_storage_account_of_their_images(one: str, other: str) -> None:
    accounts = {
        podvm_image.storage_account(podvm_image.base_name(SUBSCRIPTION, stack)) for stack in (one, other)
    }
    assert len(accounts) == len({one, other})
    for account in accounts:
        assert re.fullmatch("[a-z0-9]{3,24}", account)


def test_the_operators_own_name_is_that_of_every_cluster() -> None:
    """By the rule of its script; this is what the names here avoid."""
    assert podvm_image.storage_account("podvm-image") == "oscsapodvmimage001"


def test_one_stack_in_two_subscriptions_has_two_names() -> None:
    other = SUBSCRIPTION.replace("1", "2")
    assert podvm_image.base_name(SUBSCRIPTION, "dev-spoke") != podvm_image.base_name(other, "dev-spoke")
    assert podvm_image.base_name(SUBSCRIPTION.upper(), "dev-spoke") == podvm_image.base_name(
        SUBSCRIPTION, "dev-spoke"
    )
