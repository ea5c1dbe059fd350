"""Invariants of KbsName: one name leads to the KBS, and every other is found as before."""

from components.spoke.kbs_name import KbsName, KbsNameArgs
from tests.harness import Graph, deploy


def _name() -> Graph:
    def program() -> None:
        args = KbsNameArgs(
            kbs_url="https://kbs.example.com",
            address="192.168.10.20",
            vnet_id="/subscriptions/s/vnet",
            resource_group_name="coco-x",
            tags={"environment": "test"},
        )
        KbsName("kbs-name", args)

    return deploy(program)


def test_the_zone_is_the_name_itself_and_no_domain_above_it() -> None:
    graph = _name()
    assert graph["kbs-name-zone"].inputs["privateZoneName"] == "kbs.example.com"
    record = graph["kbs-name-record"].inputs
    assert (record["relativeRecordSetName"], record["recordType"]) == ("@", "A")
    assert record["aRecords"] == [{"ipv4Address": "192.168.10.20"}]


def test_the_network_sees_the_zone_and_its_machines_get_no_names_in_it() -> None:
    link = _name()["kbs-name-link"].inputs
    assert link["virtualNetwork"] == {"id": "/subscriptions/s/vnet"}
    assert link["registrationEnabled"] is False
