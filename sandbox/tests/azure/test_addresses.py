"""Where the program looks for what an interrupted run had made, and where the stand-in has it."""

from model.recovery import ADDRESSES, azure_id
from sandbox.azure.kind import Account
from sandbox.azure.standin import KINDS


def test_every_type_that_the_stand_in_knows_has_the_id_that_it_has_there() -> None:
    """The stand-in refuses what the program does not declare, so none of the program's is missing."""
    assert set(ADDRESSES) == set(KINDS)
    for type_, kind in KINDS.items():
        inputs = {slot: f"given-{slot}" for slot in kind.path_properties}
        assert azure_id(type_, inputs, Account().subscription_id) == kind.id_of(inputs, Account()), type_
