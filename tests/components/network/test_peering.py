"""Invariants of Peering: one half for each network that is there, and none for one that is not."""

from types import SimpleNamespace
from typing import Any

import pytest

from components.network.peering import Peering, PeeringArgs
from tests.answers import SUBSCRIPTION
from tests.harness import Graph, deploy

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
NETWORKS = [f"{GROUP}/{each}/providers/Microsoft.Network/virtualNetworks/{each}" for each in ("one", "two")]


def _peering(found: Any, remotes: list[str] = NETWORKS, *, state: str = "Initiated") -> Graph:
    def program() -> dict[str, Any]:
        args = PeeringArgs(
            vnet_name="coco-x-vnet",
            group_name="coco-x",
            resource_group_name="coco-x",
            remotes=remotes,
            subscription_id=SUBSCRIPTION,
            tenant_id="t",
        )
        return {"connected": list(Peering("peering", args).connected)}

    invokes = {
        "azure-native:network:getVirtualNetwork": found,
        "azure-native:network:getVirtualNetworkPeering": {"peeringState": state},
    }
    return deploy(program, invokes=invokes)


def _halves(graph: Graph) -> list[Any]:
    return graph.of_type("azure-native:network:VirtualNetworkPeering")


def test_each_network_that_is_there_gets_a_half_and_the_writes_follow_each_other() -> None:
    graph = _peering({"name": "any"})
    first, second = _halves(graph)
    assert [half.inputs["remoteVirtualNetwork"]["id"] for half in (first, second)] == NETWORKS
    assert first.name in second.depends_on
    assert graph.exports["connected"] == NETWORKS


def test_nothing_of_a_third_network_comes_through_and_nobody_leaves_through_the_other() -> None:
    for half in _halves(_peering({"name": "any"})):
        flags = {key: value for key, value in half.inputs.items() if isinstance(value, bool)}
        assert flags == {
            "allowVirtualNetworkAccess": True,
            "allowForwardedTraffic": False,
            "allowGatewayTransit": False,
            "useRemoteGateways": False,
        }


def refusing(words: str, names: list[str]) -> Any:
    """A client for which Azure refuses the networks with these names."""

    def read(**arguments: Any) -> SimpleNamespace:
        if arguments["virtual_network_name"] in names:
            raise Exception(words)  # noqa: TRY002 -- as the SDK raises it
        return SimpleNamespace(peering_state="Initiated")

    return read


@pytest.mark.parametrize("code", ["ResourceNotFound", "ResourceGroupNotFound", "NotFound"])
def test_a_network_that_is_not_there_yet_waits_and_is_named(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = f'Status=404 Code="{code}" Message="It was not found."'
    monkeypatch.setattr("pulumi_azure_native.network.get_virtual_network", refusing(absent, ["two"]))
    graph = _peering({})
    (half,) = _halves(graph)
    assert half.inputs["remoteVirtualNetwork"]["id"] == NETWORKS[0]
    assert graph.exports["connected"] == NETWORKS[:1]
    assert any(f"{NETWORKS[1]} is not there yet" in warning for warning in graph.warnings)


@pytest.mark.parametrize(
    "words",
    [
        'Status=403 Code="AuthorizationFailed"',
        'Status=404 Code="SubscriptionNotFound" Message="The subscription could not be found."',
    ],
)
def test_a_network_that_may_not_be_read_is_not_taken_for_absent(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its half would be deleted."""
    monkeypatch.setattr("pulumi_azure_native.network.get_virtual_network", refusing(words, ["two"]))
    with pytest.raises(Exception, match="needs the role Network Contributor on both networks"):
        _peering({})


def test_a_half_that_is_not_there_yet_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Microsoft.Network has a code of its own for what is missing inside a network."""
    absent = (
        'Status=404 Code="NotFound" Message="Resource .../virtualNetworkPeerings/to-one-1a2b3c not found."'
    )
    reads = "pulumi_azure_native.network.get_virtual_network_peering"
    monkeypatch.setattr(reads, refusing(absent, ["coco-x-vnet"]))
    assert len(_halves(_peering({"name": "any"}))) == len(NETWORKS)


def test_a_half_whose_other_half_was_taken_away_goes_too() -> None:
    """Azure refuses the other network a new half as long as this one is there."""
    graph = _peering({"name": "any"}, state="Disconnected")
    assert _halves(graph) == []
    assert graph.exports["connected"] == []
    assert any("was disconnected from its side" in warning for warning in graph.warnings)


def test_two_networks_of_one_name_have_a_half_each() -> None:
    other = NETWORKS[0].replace("resourceGroups/one", "resourceGroups/elsewhere")
    graph = _peering({"name": "any"}, [NETWORKS[0], other])
    assert len(_halves(graph)) == 2


def test_a_network_of_another_subscription_is_read_there() -> None:
    other = NETWORKS[0].replace(SUBSCRIPTION, "00000000-0000-4000-8000-000000000009")
    graph = _peering({"name": "any"}, [other, NETWORKS[1]])
    (provider,) = graph.of_type("pulumi:providers:azure-native")
    assert provider.inputs["subscriptionId"] == "00000000-0000-4000-8000-000000000009"
    assert provider.parent == "peering"
    assert [half.provider for half in _halves(graph)] == ["", ""], "each half is in the network of this stack"
