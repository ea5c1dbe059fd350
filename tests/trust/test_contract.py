"""What a spoke refuses of the contract of its hub: each with a sentence, all at once."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from model.paths import served
from tests.config import committed
from tests.program import roles
from trust.contract import VERSION, Contract, ContractError
from trust.needs import Needs, lacking, needs, tampering
from trust.paths import Paths

SEALED = served("kbsres2", "key1")

NEEDS = Needs(
    spoke="dev-spoke",
    osc_version="1.13.1",
    tees=frozenset({"az-snp-vtpm"}),
    profiles=frozenset({"hardened", "debug"}),
    sealed={"kbs-sealed": frozenset({SEALED})},
    images={"coco:samples": frozenset({"registry.example/team/app@sha256:abc"})},
)


def _problems(**changes: Any) -> list[str]:
    return _of({**roles.HUB_OUTPUTS, **changes})


def _of(outputs: dict[str, Any]) -> list[str]:
    try:
        return lacking(Contract.read(outputs), NEEDS)
    except ContractError as error:
        return error.problems


def test_a_hub_that_fulfils_the_contract_is_taken() -> None:
    assert _problems() == []


@pytest.mark.parametrize("key", ["kbsUrl", "kbsCa"])
@pytest.mark.parametrize("value", ["", None])
def test_an_empty_kbs_is_refused(key: str, value: str | None) -> None:
    assert _problems(**{key: value}) == [
        f"its {key} is empty: the hub's last update did not finish, bring it up again"
    ]


def test_an_osc_version_without_reference_values_names_the_missing_file() -> None:
    (problem,) = _problems(oscVersions=["1.12.1"])
    assert "1.13.1 (coco:sandboxedContainers.version)" in problem
    assert "add reference-values/1.13.1.yaml" in problem
    assert "which has 1.12.1" in problem


def test_a_profile_nobody_defined_is_refused() -> None:
    (problem,) = _problems(profiles={"hardened": roles.HUB_OUTPUTS["profiles"]["hardened"]})
    assert "no profile debug: define coco:profiles.debug" in problem


def test_a_secret_the_hub_does_not_serve_is_refused() -> None:
    assert _problems(resources={}) == [
        "it serves no default/kbsres2/key1: add the secret to coco:secrets of the hub"
    ]


def test_a_secret_its_reader_may_not_read_is_refused() -> None:
    (problem,) = _problems(resources={"default/kbsres2/key1": ["debug"]})
    assert "not readable by workload kbs-sealed: add it to readableBy" in problem


def _tampering(hardened: dict[str, Any] | None = None, hub: dict[str, Any] | None = None) -> list[str]:
    profiles = roles.HUB_OUTPUTS["profiles"]
    outputs = {
        **roles.HUB_OUTPUTS,
        "profiles": {**profiles, "hardened": profiles["hardened"] | (hardened or {})},
    }
    return tampering(
        Contract.read({**outputs, **(hub or {})}), replace(NEEDS, profiles=frozenset({"hardened"}))
    )


def test_initdata_as_the_hub_published_it_is_taken() -> None:
    assert _tampering() == []


def test_initdata_that_was_cut_or_altered_never_reaches_a_pod() -> None:
    encoded = roles.PROFILES["hardened"].encoded
    for tampered in (encoded[:-8], encoded + "AAAA", "", "A" * len(encoded)):
        (problem,) = _tampering({"encoded": tampered})
        assert "the initdata of profile hardened cannot be read" in problem
        assert problem.endswith("bring the hub up again, and find out who wrote its outputs")


@pytest.mark.parametrize("key", ["toml", "digest", "pcr8"])
def test_initdata_must_be_what_the_hub_measured(key: str) -> None:
    (problem,) = _tampering({key: "something else"})
    assert "profile hardened is not what the hub measured" in problem


def test_the_initdata_of_another_profile_is_not_taken() -> None:
    (problem,) = _tampering({"encoded": roles.PROFILES["debug"].encoded})
    assert "profile hardened is not what the hub measured" in problem


@pytest.mark.parametrize(
    ("key", "value"), [("kbsUrl", "https://kbs.elsewhere.example"), ("kbsCa", "another")]
)
def test_initdata_must_pin_the_hub_itself(key: str, value: str) -> None:
    (problem,) = _tampering(hub={key: value})
    assert "profile hardened names another KBS or CA than the hub does" in problem


@pytest.mark.parametrize(("version", "shown"), [(None, None), (float(VERSION + 1), VERSION + 1)])
def test_another_contract_version_is_refused_before_its_contents_are_read(
    version: float | None, shown: int | None
) -> None:
    problems = _of({"contractVersion": version, "kbsUrl": 5})
    assert len(problems) == 1
    assert f"contract version {shown}, and this program reads {VERSION}" in problems[0]


def test_pods_on_a_tee_that_the_hub_does_not_attest_are_refused() -> None:
    (problem,) = _problems(tees=["az-tdx-vtpm"])
    assert "attests no az-snp-vtpm, which sizes in coco:peerPods.vmSizes are" in problem


def test_a_sealed_secret_the_hub_does_not_publish_is_refused() -> None:
    (problem,) = _problems(sealed={})
    assert "no sealed secret for default/kbsres2/key1: write sealed: true" in problem


@pytest.mark.parametrize(
    ("policy", "repositories", "refused"),
    [
        ("insecure", [], False),
        ("reject", [], True),
        ("signed", ["registry.example/team"], False),
        ("signed", ["registry.example/team/app"], False),
        ("signed", ["registry.example/te"], True),
        ("signed", ["registry.example/other"], True),
    ],
)
def test_an_image_the_policy_would_refuse_is_refused_beforehand(
    policy: str, repositories: list[str], refused: bool
) -> None:
    problems = _problems(images={"policy": policy, "repositories": repositories})
    assert bool(problems) == refused
    assert all(
        "refuses registry.example/team/app@sha256:abc" in p and "coco:trustee.signedImages" in p
        for p in problems
    )


def test_several_problems_are_told_together() -> None:
    assert len(_problems(oscVersions=[], tees=[], resources={}, sealed={})) == 3


def test_a_hub_without_outputs_has_not_been_brought_up() -> None:
    assert _of({}) == ["it has no outputs: bring the hub up first"]


def test_outputs_that_are_no_contract_are_refused_with_the_field_and_without_a_traceback() -> None:
    problems = _problems(tees="az-snp-vtpm", sealed={"no-path": "x"})
    assert len(problems) == 2
    assert problems[0].startswith("its output tees is not what a hub publishes")
    assert problems[1].startswith("its output sealed.no-path")
    assert "no KBS resource" in problems[1]


def test_other_outputs_of_the_hub_are_passed_over() -> None:
    assert _problems(somethingElse=1) == []


def test_what_a_hub_publishes_is_read_as_the_same_contract() -> None:
    contract = Contract.read(roles.HUB_OUTPUTS)
    assert Contract.read(contract.published()) == contract


def _network(name: str) -> str:
    return f"/subscriptions/s/resourceGroups/coco-{name}/providers/Microsoft.Network/virtualNetworks/coco-{name}-vnet"


def _gateway(name: str) -> str:
    return f"/subscriptions/s/resourceGroups/coco-{name}/providers/Microsoft.Network/virtualNetworkGateways/coco-{name}-vpn"


PRIVATE = {"visibility": "Private"}
PEERED = PRIVATE | {"network": _network("hub")}
BY_VPN = PEERED | {"gateway": _gateway("hub")}
WITH_GATEWAY = {"gateway": _gateway("spoke"), "peers": (_gateway("hub"),)}


@pytest.mark.parametrize(
    ("hub", "spoke", "said"),
    [
        (PRIVATE, {}, "no path leads there from the network that this stack makes"),
        (PRIVATE, None, None),
        (PRIVATE, {"sites": True}, None),
        ({"visibility": "Public"}, {}, None),
        ({"visibility": None}, {}, None),
        (PEERED, {}, "add /subscriptions/s/resourceGroups/coco-hub/"),
        (PEERED, {"sites": True}, "add /subscriptions/s/resourceGroups/coco-hub/"),
        (PEERED, {"peers": (_network("hub"),)}, f"add {_network('spoke')} to coco:network.peers of the hub"),
        (PEERED | {"peers": [_network("other")]}, {"peers": (_network("hub"),)}, "bring it up with coco:hubMayComeLater"),
        (PEERED | {"peers": [_network("spoke").upper()]}, {"peers": (_network("hub").upper(),)}, None),
        (PEERED | {"peers": [_network("spoke")]}, {"peers": ()}, "add /subscriptions/s/"),
        (PEERED, WITH_GATEWAY, "its network is not among those of this stack"),
        (BY_VPN, {}, f"or {_gateway('hub')} to coco:network.vpn.gateways"),
        (BY_VPN, WITH_GATEWAY, f"add {_gateway('spoke')} to coco:network.vpn.gateways of the hub"),
        (BY_VPN | {"peers": [_network("spoke")]}, WITH_GATEWAY, "bring it up with coco:hubMayComeLater"),
        (BY_VPN | {"peers": [_gateway("spoke")]}, WITH_GATEWAY, None),
        (BY_VPN | {"peers": [_gateway("spoke")]}, {"peers": (_gateway("hub"),)}, "its network is not among those"),
        (BY_VPN | {"peers": [_gateway("spoke")]}, WITH_GATEWAY | {"peers": (_gateway("hub"), _network("hub"))}, None),
    ],
)  # fmt: skip
def test_a_spoke_without_a_path_is_refused_by_a_hub_whose_kbs_is_private(
    hub: dict[str, Any], spoke: dict[str, Any] | None, said: str | None
) -> None:
    outputs = {**roles.HUB_OUTPUTS, **hub, "kbsVisibility": hub["visibility"]}
    config, loaded = committed.spoke()
    paths = None if spoke is None else Paths(network=_network("spoke"), **spoke)
    problems = lacking(Contract.read(outputs), needs(config, "dev-spoke", loaded.workloads, paths=paths))
    if said is None:
        assert problems == []
    else:
        (problem,) = problems
        assert problem.startswith("its KBS has no public address")
        assert said in problem


def test_what_a_spoke_asks_of_its_hub_knows_the_network_that_its_stack_makes() -> None:
    """The stack file decides: a spoke that forgot it would never be refused."""
    with pytest.raises(Exception, match="its KBS has no public address"):
        roles.declare("dev-spoke", outputs={**roles.HUB_OUTPUTS, "kbsVisibility": "Private"})


SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("hub", "kind", "refused"),
    [
        (SUBSCRIPTION, "selfManaged", True),
        ("00000000-0000-4000-8000-000000000099", "selfManaged", False),
        (None, "selfManaged", False),
        (SUBSCRIPTION, "aro", False),
    ],
)
def test_a_self_managed_spoke_shares_no_subscription_with_its_hub(
    hub: str | None, kind: str, refused: bool
) -> None:
    """Its cluster holds a credential for the whole subscription, and with that the hub."""
    name = "selfmanaged-spoke" if kind == "selfManaged" else "dev-spoke"
    place = {**json.loads(committed.bag(name)["coco:azure"]), "subscriptionId": SUBSCRIPTION}
    outputs = {**roles.outputs_for(name), "azureSubscription": hub}
    problem = f"it is in subscription {SUBSCRIPTION} too (coco:azure.subscriptionId)"
    if refused:
        with pytest.raises(Exception, match=re.escape(problem)):
            roles.declare(name, outputs=outputs, azure=place)
    else:
        roles.declare(name, outputs=outputs, azure=place)


@pytest.mark.parametrize("name", ["dev-hub", "anywhere-hub"])
def test_a_hub_says_where_in_azure_it_is(name: str) -> None:
    graph = roles.committed_graph(name)
    assert graph.exports.get("azureSubscription") == (SUBSCRIPTION if name == "dev-hub" else None)
