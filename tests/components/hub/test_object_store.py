"""Invariants of ObjectStore: nothing that is stored can be changed, and only what is served opens it."""

from datetime import date
from typing import Any

import pulumi
import pytest

from components.hub.object_store import ObjectStore, ObjectStoreArgs
from model import object_store
from tests.harness import Graph, Secret, deploy

STORAGE = "azure-native:storage"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return _store()


def _store(**changes: Any) -> Graph:
    def program() -> None:
        given: dict[str, Any] = {
            "resource_group": "coco-hub_store",
            "location": "eastus2",
            "account": "cocohub",
            "redundancy": "ZRS",
            "keep_days": 30,
            "credentials_until": date(2027, 6, 30),
            "floors": {"shop": 7, "ledger": 0},
            "tags": {"zone": "trusted"},
        }
        store = ObjectStore("store", ObjectStoreArgs(**(given | changes)))
        for name, values in store.served.items():
            pulumi.export(name, values)

    return deploy(program)


def test_no_snapshot_can_be_changed_or_deleted_for_the_days_that_the_hub_says(graph: Graph) -> None:
    policies = graph.of_type(f"{STORAGE}:BlobContainerImmutabilityPolicy")
    assert {each.inputs["containerName"] for each in policies} == {"coco-shop", "coco-ledger"}
    for each in policies:
        assert each.inputs["immutabilityPeriodSinceCreationInDays"] == 30
        assert each.inputs["allowProtectedAppendWrites"] is False
    blobs = graph["store-blobs"].inputs
    assert blobs["isVersioningEnabled"] is True
    assert blobs["deleteRetentionPolicy"] == {"enabled": True, "days": 30}


def test_nobody_reads_without_a_credential_or_without_tls(graph: Graph) -> None:
    account = graph["store-account"].inputs
    assert account["allowBlobPublicAccess"] is False
    assert account["enableHttpsTrafficOnly"] is True
    assert account["minimumTlsVersion"] == "TLS1_2"
    assert {each.inputs["publicAccess"] for each in graph.of_type(f"{STORAGE}:BlobContainer")} == {"None"}


def test_each_workload_has_a_container_and_a_key_of_its_own(graph: Graph) -> None:
    assert {"store-shop", "store-ledger", "store-shop-key", "store-ledger-key"} <= graph.keys()
    keys = {graph.exports[object_store.secret(name)][object_store.KEY] for name in ("shop", "ledger")}
    assert keys == {Secret("generated-store-shop-key"), Secret("generated-store-ledger-key")}


def test_the_pod_is_served_where_its_snapshots_are_and_it_is_secret(graph: Graph) -> None:
    served = graph.exports["store-shop"]
    configuration = served[object_store.CONFIGURATION]
    assert isinstance(configuration, Secret)
    assert (
        "sas_url = https://cocohub.blob.core.windows.net/coco-shop?sp=rcl&sr=c&spr=https&se=2027-06-30T23:59:59Z"
        in configuration.value
    )
    assert served[object_store.FLOOR] == "7"


def test_keys_and_data_outlive_a_stack_that_is_taken_down_by_mistake() -> None:
    protected = {each.name for each in _store(protect=True).values() if each.protect}
    assert protected == {
        "store-group",
        "store-account",
        "store-shop",
        "store-ledger",
        "store-shop-key",
        "store-ledger-key",
    }


def test_a_pods_credential_can_neither_change_nor_delete() -> None:
    assert set(object_store.PERMISSIONS).isdisjoint("wdxya")


def test_the_configuration_ends_where_the_pod_adds_its_password() -> None:
    """rclone.conf: settings belong to the section above them."""
    text = object_store.configuration("https://a.blob.core.windows.net/coco-shop", "?sv=1&sig=x%3D")
    assert text.splitlines() == [
        "[remote]",
        "type = azureblob",
        "sas_url = https://a.blob.core.windows.net/coco-shop?sv=1&sig=x%3D",
        "no_check_container = true",
        "",
        "[snapshots]",
        "type = crypt",
        "remote = remote:coco-shop",
        "filename_encryption = off",
        "directory_name_encryption = false",
    ]
    assert text.endswith("\n")
