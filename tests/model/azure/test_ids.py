import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.azure.ids import AzureId

SUBNET = (
    "/subscriptions/6f1c2a34-0d5e-4b7a-9c11-2f3e4d5c6b7a/resourceGroups/coco-dev"
    "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/workers"
)
names = st.from_regex("[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)
ids = st.builds(
    AzureId,
    subscription=names,
    resource_group=names,
    provider=names,
    names=st.lists(st.tuples(names, names), min_size=1, max_size=3).map(tuple),
)


@given(ids)
def test_an_id_is_read_back_from_its_text(one):
    assert AzureId.parse(str(one)) == one


def test_the_parts_of_a_subnet_are_found_whatever_the_case_of_the_words():
    one = AzureId.parse(SUBNET.replace("resourceGroups", "resourcegroups"))
    assert (one.resource_group, one.provider) == ("coco-dev", "Microsoft.Network")
    assert one.names == (("virtualNetworks", "vnet"), ("subnets", "workers"))
    assert str(one) == SUBNET


@pytest.mark.parametrize(
    "text",
    ["", "vnet", SUBNET + "/", SUBNET.removesuffix("/workers"), SUBNET.removeprefix("/"), SUBNET + "\n/a\n"],
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError, match="is no id of an Azure resource"):
        AzureId.parse(text)
