"""What openshift-install is told, and what of it may never change."""

from dataclasses import fields, replace
from typing import Any

import pytest
import yaml

from model.azure.install_config import InstallConfig, changes

CONFIG = InstallConfig(
    subscription_id="00000000-0000-4000-8000-000000000001",
    name="lab",
    base_domain="example.com",
    base_domain_resource_group="dns",
    region="eastus2",
    control_plane_vm_size="Standard_D8s_v5",
    worker_vm_size="Standard_D4s_v5",
    worker_count=3,
    worker_disk_gb=128,
    encryption_at_host=False,
    network_resource_group="coco-lab",
    virtual_network="coco-lab-vnet",
    control_plane_subnet="control-plane",
    worker_subnet="workers",
    machine_cidr="10.0.0.0/16",
    pod_cidr="10.128.0.0/14",
    service_cidr="172.30.0.0/16",
    visibility="Public",
    tags={"environment": "test"},
)
OTHER: dict[str, Any] = {
    "subscription_id": "00000000-0000-4000-8000-000000000002",
    "name": "other",
    "base_domain": "example.org",
    "base_domain_resource_group": "zones",
    "region": "westeurope",
    "control_plane_vm_size": "Standard_D16s_v5",
    "worker_vm_size": "Standard_D8s_v5",
    "worker_count": 5,
    "worker_disk_gb": 256,
    "encryption_at_host": True,
    "network_resource_group": "coco-other",
    "virtual_network": "coco-other-vnet",
    "control_plane_subnet": "masters",
    "worker_subnet": "nodes",
    "machine_cidr": "10.1.0.0/16",
    "pod_cidr": "10.132.0.0/14",
    "service_cidr": "172.31.0.0/16",
    "visibility": "Private",
}


def test_the_installer_makes_no_way_out_and_no_network_of_its_own() -> None:
    azure = yaml.safe_load(CONFIG.text())["platform"]["azure"]
    assert azure["outboundType"] == "Loadbalancer", "the others make a NAT gateway, or none at all"
    assert (azure["networkResourceGroupName"], azure["virtualNetwork"]) == ("coco-lab", "coco-lab-vnet")
    assert (azure["controlPlaneSubnet"], azure["computeSubnet"]) == ("control-plane", "workers")


def test_every_value_is_where_the_installer_looks_for_it() -> None:
    document = yaml.safe_load(replace(CONFIG, encryption_at_host=True).text())
    (workers,) = document["compute"]
    assert (workers["replicas"], workers["platform"]["azure"]) == (
        3,
        {"type": "Standard_D4s_v5", "osDisk": {"diskSizeGB": 128}, "encryptionAtHost": True},
    )
    assert document["controlPlane"]["platform"]["azure"] == {
        "type": "Standard_D8s_v5",
        "encryptionAtHost": True,
    }
    assert document["networking"]["clusterNetwork"] == [{"cidr": "10.128.0.0/14", "hostPrefix": 23}]
    assert (document["metadata"]["name"], document["baseDomain"]) == ("lab", "example.com")
    assert document["publish"] == "External"
    assert "pullSecret" not in document, "it is shown, and kept in plain text"


@pytest.mark.parametrize("field", OTHER)
def test_a_change_of_what_was_installed_is_named_by_its_key(field: str) -> None:
    (found,) = changes(CONFIG.text(), replace(CONFIG, **{field: OTHER[field]}).text())
    key, _, _ = found.partition(": ")
    # Names of the network follow from the name of the stack, so nobody writes them.
    written = not field.startswith(("network_resource", "virtual", "control_plane_subnet", "worker_subnet"))
    assert key.startswith("coco:") == written
    old, new = (str(getattr(each, field)) for each in (CONFIG, replace(CONFIG, **{field: OTHER[field]})))
    if field not in ("encryption_at_host", "visibility"):
        assert found.endswith(f"{old} became {new}")


def test_only_tags_may_change() -> None:
    assert {each.name for each in fields(InstallConfig)} - OTHER.keys() == {"tags"}
    assert list(changes(CONFIG.text(), replace(CONFIG, tags={"owner": "me"}).text())) == []
    assert list(changes(CONFIG.text(), CONFIG.text())) == []
