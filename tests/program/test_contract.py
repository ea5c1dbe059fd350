"""The role `contract`: what a hub publishes, in a stack that holds no secret, for spokes without a right to the hub's key."""

import json
from typing import Any

import pulumi
import pytest

from config import load
from model.stacks import Unreadable, why_unreadable
from program import contract
from program.stack import LoadedStack
from tests.config import committed
from tests.harness import Graph, deploy
from tests.program import roles

BAG = {"coco:role": "contract", "coco:hub": roles.HUB}
# As the CLI 3.274 says it, over a transit stand-in; Azure's answers after its documentation.
OF_VAULT = (
    "secrets (code=PermissionDenied): Error making API request.\n\nURL: PUT http://127.0.0.1:8200/v1/transit/decrypt/hub\n"
    "Code: 403. Errors:\n\n* permission denied"
)
OF_KEY_VAULT = (
    "secrets (code=PermissionDenied): POST https://coco.vault.azure.net/keys/prod-hub/decrypt\nRESPONSE 403: 403 Forbidden\n"
    "ERROR CODE: Forbidden"
)
OF_STORAGE = (
    'failed to load checkpoint: blob (key ".pulumi/stacks/coco/dev-hub.json") (code=PermissionDenied): RESPONSE 403: 403 This '
    "request is not authorized to perform this operation using this permission.\nERROR CODE: AuthorizationPermissionMismatch"
)


def declare(outputs: dict[str, Any], secret: tuple[str, ...] = ()) -> Graph:
    def program() -> dict[str, Any]:
        loaded = load.load(BAG, root=committed.ROOT)
        stack: LoadedStack[Any] = LoadedStack(
            name="dev-contract",
            config=loaded.config,
            secrets={},
            policies={},
            reference_values={},
            platform=None,
            workloads={},
        )
        return contract.declare(stack).exports()

    published = {"name": "any", "outputs": outputs, "secretOutputNames": list(secret)}
    return deploy(
        program,
        stack="dev-contract",
        answers={"pulumi:pulumi:StackReference": lambda _: published},
        invokes={"pulumi:pulumi:readStackOutputs": published},
    )


def test_it_publishes_what_the_hub_publishes_and_declares_nothing() -> None:
    hub = dict(roles.committed_graph("dev-hub").exports)
    graph = declare(hub)
    assert graph.exports == hub
    assert not graph, (
        "also no stack reference, which keeps secret outputs of the hub in a state that every spoke can decrypt"
    )


def test_outputs_that_are_no_part_of_the_contract_stay_behind() -> None:
    hub = dict(roles.committed_graph("dev-hub").exports)
    assert declare({**hub, "kubeconfig": "canary"}, secret=("kubeconfig",)).exports == hub


def test_an_output_that_is_secret_in_the_hub_never_becomes_readable() -> None:
    with pytest.raises(Exception, match="publishes profiles as secret"):
        declare(dict(roles.HUB_OUTPUTS), secret=("profiles",))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kbsUrl": ""}, "its kbsUrl is empty: the hub's last update did not finish"),
        ({"contractVersion": 2}, "it publishes contract version 2"),
    ],
)
def test_a_hub_that_is_not_ready_is_not_repeated(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Exception, match=f"coco:hub: {roles.HUB} cannot serve this contract:\n.*{says}"):
        declare({**roles.HUB_OUTPUTS, **change})


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OF_VAULT, "key"),
        (OF_KEY_VAULT, "key"),
        (OF_STORAGE, "state"),
        ('unknown stack "organization/coco/dev-hub"', "unknown"),
        ("could not resolve the host", "unknown"),
    ],
)
def test_the_cause_of_an_unreadable_stack_is_told_apart(error: str, why: Unreadable) -> None:
    assert why_unreadable(error) == why


@pytest.mark.parametrize(
    ("error", "right"),
    [
        (OF_VAULT, "the right to decrypt with the key of its state is missing.*role contract"),
        (OF_STORAGE, r"Storage Blob Data Reader on \.pulumi/stacks/coco/dev-hub\.json"),
    ],
)
def test_a_spoke_is_told_which_right_is_missing(
    error: str, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise Exception(error)  # noqa: TRY002 -- as the SDK raises it

    monkeypatch.setattr("pulumi.runtime.invoke", refused)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(pulumi.RunError, match=f"(?s){right}") as raised:
        roles.declare("dev-spoke")
    assert "bring" not in str(raised.value).split("(", 1)[0]


def test_a_contract_needs_no_secret_and_takes_none() -> None:
    assert load.load(BAG, root=committed.ROOT).secrets == {}
    given = {f"coco:{key}": committed.SECRETS[key] for key in ("pullSecret", "kubeconfig", "secretValues")}
    given["coco:vpnKeys"] = "{}"
    with pytest.raises(load.ConfigError) as refused:
        load.load(BAG | given, root=committed.ROOT)
    assert sorted(refused.value.problems) == [
        f"{key}: is not used by this stack: remove it with: pulumi config rm {key}" for key in sorted(given)
    ]


def test_a_contract_has_no_other_key() -> None:
    with pytest.raises(load.ConfigError, match="coco:cluster: is not a known key"):
        load.load(BAG | {"coco:cluster": json.dumps({"kind": "existing"})}, root=committed.ROOT)
