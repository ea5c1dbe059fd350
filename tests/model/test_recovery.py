"""Taking over what an interrupted run had made: by the names that the program gives, and nothing else."""

import copy
from typing import Any

from model.recovery import settled

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
PROVIDER = {
    "urn": "urn:pulumi:s::coco::pulumi:providers:azure-native::azure",
    "type": "pulumi:providers:azure-native",
    "id": "p",
    "inputs": {"subscriptionId": SUBSCRIPTION},
}


def resource(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    urn = f"urn:pulumi:s::coco::{type_}::{name}"
    return {"urn": urn, "type": type_, "inputs": inputs, "provider": f"{PROVIDER['urn']}::p"}


GROUP = resource("azure-native:resources:ResourceGroup", "group", {"resourceGroupName": "coco-s"})
MAP = resource("kubernetes:core/v1:ConfigMap", "map", {"metadata": {"namespace": "n", "name": "m"}})
SEED = resource("random:index/randomBytes:RandomBytes", "seed", {"length": 32})


def export(*operations: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    pending = [{"type": type_, "resource": each} for type_, each in operations]
    return {"version": 3, "deployment": {"resources": [PROVIDER], "pending_operations": pending}}


def test_a_create_is_looked_for_under_the_name_that_the_program_gave() -> None:
    found = settled(export(("creating", GROUP), ("creating", MAP)))
    ids = {each["urn"]: each["id"] for each in found.document["deployment"]["resources"]}
    assert ids[GROUP["urn"]] == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/coco-s"
    assert ids[MAP["urn"]] == "n/m"
    assert found.looked_for == (GROUP["urn"], MAP["urn"])
    assert "pending_operations" not in found.document["deployment"]


def test_what_has_no_name_is_forgotten_and_made_anew() -> None:
    found = settled(export(("creating", SEED)))
    assert (found.looked_for, found.forgotten) == ((), (SEED["urn"],))
    assert found.document["deployment"]["resources"] == [PROVIDER]


def test_a_name_that_was_not_known_is_never_guessed() -> None:
    unknown = resource("azure-native:resources:ResourceGroup", "group", {"resourceGroupName": {"secret": 1}})
    assert settled(export(("creating", unknown))).looked_for == ()


def test_what_was_being_changed_is_read_again_and_stays() -> None:
    there = {**GROUP, "id": "x"}
    exported = export(("updating", there), ("deleting", there))
    exported["deployment"]["resources"].append(there)
    found = settled(exported)
    assert found.changed == (GROUP["urn"],)
    assert found.document["deployment"]["resources"] == [PROVIDER, there]


def test_the_export_itself_stays_as_it_was() -> None:
    exported = export(("creating", GROUP))
    before = copy.deepcopy(exported)
    settled(exported)
    assert exported == before


def plan(op: str, new: dict[str, Any]) -> dict[str, Any]:
    return {"op": op, "urn": new["urn"], "newState": new}


def test_what_the_next_run_would_make_in_azure_is_looked_for_too_because_an_answer_may_have_been_lost() -> (
    None
):
    found = settled(export(), [plan("create", GROUP), plan("create", MAP), plan("update", SEED)])
    assert found.planned == (GROUP["urn"],)
    assert found.document["deployment"]["resources"][-1]["id"].endswith("/resourceGroups/coco-s")


def test_a_hidden_secret_of_the_plan_is_not_written_into_the_state() -> None:
    secret = {
        **GROUP,
        "inputs": {**GROUP["inputs"], "profile": {"password": "[secret]"}, "location": "eastus2"},
    }
    [*_, made] = settled(export(), [plan("create", secret)]).document["deployment"]["resources"]
    assert made["inputs"] == {"resourceGroupName": "coco-s", "location": "eastus2"}


def test_what_rests_on_something_that_is_not_in_the_state_is_not_looked_for() -> None:
    """A state that names what it does not have cannot be imported."""
    for name in ("parent", "provider"):
        assert settled(export(), [plan("create", {**GROUP, name: "urn:other::p"})]).planned == ()
    behind = {**resource(GROUP["type"], "second", GROUP["inputs"]), "dependencies": [GROUP["urn"]]}
    assert settled(export(), [plan("create", behind)]).planned == ()
    both = settled(export(), [plan("create", GROUP), plan("create", behind)])
    assert both.planned == (GROUP["urn"], behind["urn"])
