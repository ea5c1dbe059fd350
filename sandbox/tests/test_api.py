from pathlib import Path

import pytest

from sandbox import api
from sandbox.openshift import kinds
from sandbox.openshift.clusters import StoreClusters
from sandbox.openshift.objects import new
from sandbox.tests.openshift.cluster import FACTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cluster(tmp_path: Path) -> api.Cluster:
    clusters = StoreClusters(tmp_path)
    clusters.create("test", FACTS)
    clusters.open("test").create(new(kinds.CONFIG_MAP, "settings", "default", data={"a": "1"}), "me")
    return api.clusters(tmp_path)["test"]


def test_an_object_is_found_by_its_kind_and_by_no_other(cluster: api.Cluster) -> None:
    found = cluster.get("ConfigMap", "settings", "default")
    assert found
    assert found["data"] == {"a": "1"}
    assert cluster.get("ConfigMap", "settings", "default", api_version="v2") is None
    assert cluster.get("Secret", "settings", "default") is None
    assert cluster.get("Unheard", "settings") is None
    assert cluster.list("Unheard") == []
    assert found in cluster.list("ConfigMap", "default")
    assert found in list(cluster)


def test_an_edit_by_hand_obeys_the_api_server(cluster: api.Cluster) -> None:
    changed = cluster.edit("ConfigMap", "settings", "default", lambda live: {**live, "data": {"a": "2"}})
    assert changed["data"] == {"a": "2"}
    with pytest.raises(api.Refused, match='unknown field "dta"'):
        cluster.edit("ConfigMap", "settings", "default", lambda live: {**live, "dta": {}})
    with pytest.raises(api.Refused, match='no matches for kind "Unheard"'):
        cluster.edit("Unheard", "settings", "default", lambda live: live)


def test_azure_refuses_what_it_does_not_have(tmp_path: Path) -> None:
    azure = api.Azure(tmp_path)
    assert azure.ids() == []
    names = {"resourceGroupName": "a", "virtualNetworkName": "b", "subnetName": "c"}
    with pytest.raises(api.Refused):
        azure.invoke("sub", "azure-native:network:getSubnet", names)


def test_a_stack_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(api.SandboxError, match="no stack named 'nobody' found"):
        api.Sandbox(ROOT, tmp_path, key_rounds=10).preview("nobody")


def test_nothing_is_up_before_anything_was_brought_up(tmp_path: Path) -> None:
    sandbox = api.Sandbox(ROOT, tmp_path, key_rounds=10)
    assert (sandbox.outputs("dev-hub"), sandbox.resources("dev-hub")) == ({}, [])
    assert (sandbox.clusters, sandbox.vault_secrets(), api.servers(tmp_path)) == ({}, [], {})
    assert not sandbox.rotate("nobody.asked", "x")
