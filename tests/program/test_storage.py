"""A hub with a workload that outlives its pods: who is served what, in which order, and that none of it leaks."""

import json
from typing import Any, Final

import pytest

from model import object_store
from model.paths import served
from tests.config import committed
from tests.harness import Graph, Secret
from tests.program import roles

STORAGE: Final[dict[str, Any]] = {
    "workloads": {
        **json.loads(committed.bag("dev-hub")["coco:workloads"]),
        "kbs-store": {"spokes": ["dev-spoke"], "persistence": {"kind": "objectStore", "floor": 3}},
    },
    "objectStore": {"account": "cocodevhub", "keepDays": 7, "credentialsUntil": "2027-11-01"},
}


@pytest.fixture(scope="module")
def hub() -> Graph:
    return roles.declare("dev-hub", **STORAGE)


def test_each_path_is_released_to_its_own_workload_alone(hub: Graph) -> None:
    released = hub.exports["resources"]
    for path in object_store.paths("kbs-store"):
        assert released[str(path)] == ["kbs-store"]
    pcr8 = hub.exports["workloads"]["kbs-store"]["accepted"]["dev-spoke"]
    assert hub.exports["released"][str(served("store-kbs-store", "key"))] == pcr8


def test_what_is_served_is_secret_and_trustee_has_it_before_it_starts(hub: Graph) -> None:
    secret = hub["served-secrets-store-kbs-store"]
    values = secret.inputs["stringData"]
    assert isinstance(values, Secret)
    assert set(values.value) == {"key", "rclone.conf", "floor"}
    assert values.value["floor"] == "3"
    assert "store-kbs-store" in hub["trustee-kbs"].inputs["spec"]["kbsSecretResources"]
    assert {"object-store-kbs-store-key", "object-store-kbs-store"} <= hub.reaches("trustee-kbs")


def test_neither_key_nor_credential_is_a_plain_input_or_an_output(hub: Graph) -> None:
    for resource in hub.values():
        for canary in ("generated-", "canary-signature"):
            assert canary not in json.dumps(_plain(resource.inputs)), resource.name
    assert "canary-signature" not in json.dumps(_plain(hub.exports))


def test_a_raised_floor_rolls_trustee_and_measures_no_pod_anew(hub: Graph) -> None:
    raised = json.loads(json.dumps(STORAGE))
    raised["workloads"]["kbs-store"]["persistence"]["floor"] = 4
    after = roles.declare("dev-hub", **raised)
    assert after.exports["workloads"] == hub.exports["workloads"]
    assert (
        after["trustee-kbs"].inputs["spec"]["KbsEnvVars"] != hub["trustee-kbs"].inputs["spec"]["KbsEnvVars"]
    )


def test_the_store_is_in_the_hubs_subscription_and_not_in_the_clusters_group(hub: Graph) -> None:
    assert hub["object-store-group"].inputs["resourceGroupName"] == "coco-dev-hub_store"
    assert hub["object-store-account"].inputs["accountName"] == "cocodevhub"
    assert hub["object-store-account"].provider == "azure"


def test_nothing_of_a_store_is_made_where_no_workload_saves() -> None:
    graph = roles.committed_graph("dev-hub")
    assert not [name for name in graph if "object-store" in name]


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return None
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
