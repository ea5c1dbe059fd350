"""A profile or a workload changes: the hub accepts the new measurement beside the old one, then the spoke's pods take it up."""

import base64
import json
from typing import Any

import pytest

from model.attestation import initdata
from tests.end_to_end.project import SPOKE, CommittedProject, changes

pytestmark = pytest.mark.integration

TRUSTEE = "trustee-operator-system"
PROFILE: dict[str, Any] = {"profiles.debug": {"exec": True}}
WORKLOAD: dict[str, Any] = {"workloads.kbs-sealed.readLogs": True}


def reference_value(project: CommittedProject, name: str) -> list[str]:
    document = project.object("ConfigMap", "reference-values", TRUSTEE)["data"]["reference_value"]
    return json.loads(base64.b64decode(json.loads(document)[name]))["value"]


def pcr8_of_pods(project: CommittedProject, app: str) -> set[str]:
    """Measured as the guest would be, from what the pods of an application carry."""
    pods = project.cluster(SPOKE).list("Pod")
    texts = [
        pod["metadata"].get("annotations", {}).get("io.katacontainers.config.hypervisor.cc_init_data")
        for pod in pods
        if pod["metadata"].get("labels", {}).get("app") == app
    ]
    return {initdata.decode(text).pcr8 for text in texts if text}


def test_a_changed_profile_is_accepted_by_the_hub_before_pods_show_it(dev: CommittedProject) -> None:
    old = dev.outputs("dev-hub")["profiles"]
    assert pcr8_of_pods(dev, "hello-debug") == {old["debug"]["pcr8"]}
    dev.configure("dev-hub", PROFILE)

    up = dev.up("dev-hub")
    assert up.succeeded, up.text
    assert changes(up.text) == {"trustee-reference-values": "~", "trustee-kbs": "~", "trustee-pods": "±"}
    new = dev.outputs("dev-hub")["profiles"]
    assert new["hardened"] == old["hardened"]
    assert new["debug"]["pcr8"] != old["debug"]["pcr8"]
    accepted = [new["debug"]["pcr8"], old["debug"]["pcr8"]]
    assert new["debug"]["accepted"] == accepted
    assert set(accepted) <= set(reference_value(dev, "snp_pcr08"))
    assert pcr8_of_pods(dev, "hello-debug") == {old["debug"]["pcr8"]}, "the spoke has not been asked yet"

    before = {app: pods(dev, app) for app in ("hello-debug", "kbs-sealed")}
    spoke = dev.up("dev-spoke")
    assert spoke.succeeded, spoke.text
    assert changes(spoke.text) == {
        "hello-openshift-debug-deployment": "~",
        "profile-catalog-config-map": "~",
    }
    assert pcr8_of_pods(dev, "hello-debug") == {new["debug"]["pcr8"]}
    assert pods(dev, "hello-debug").isdisjoint(before["hello-debug"])
    assert pods(dev, "kbs-sealed") == before["kbs-sealed"]


def test_a_changed_workload_keeps_its_secret_from_the_old_pods_to_the_new_ones(dev: CommittedProject) -> None:
    [old] = dev.outputs("dev-hub")["workloads"]["kbs-sealed"]["accepted"]["dev-spoke"]
    assert pcr8_of_pods(dev, "kbs-sealed") == {old}
    dev.configure("dev-hub", WORKLOAD)

    up = dev.up("dev-hub")
    assert up.succeeded, up.text
    assert {"trustee-reference-values", "trustee-resource-policy"} <= changes(up.text).keys()
    new, kept = dev.outputs("dev-hub")["workloads"]["kbs-sealed"]["accepted"]["dev-spoke"]
    assert kept == old != new
    assert {new, old} <= set(reference_value(dev, "snp_pcr08"))
    policy = dev.object("ConfigMap", "resource-policy", TRUSTEE)["data"]["resource-policy.rego"]
    assert all(value in policy for value in (new, old))

    before = {app: pods(dev, app) for app in ("kbs-sealed", "kbs-access")}
    spoke = dev.up("dev-spoke")
    assert spoke.succeeded, spoke.text
    assert changes(spoke.text) == {
        "workload-kbs-sealed-deployment-kbs-sealed": "~",
        "profile-catalog-config-map": "~",
    }
    assert pcr8_of_pods(dev, "kbs-sealed") == {new}
    assert pods(dev, "kbs-sealed").isdisjoint(before["kbs-sealed"])
    assert pods(dev, "kbs-access") == before["kbs-access"]


def test_only_so_many_earlier_measurements_stay_accepted(dev: CommittedProject) -> None:
    seen = [dev.outputs("dev-hub")["profiles"]["hardened"]["pcr8"]]
    for command in ("date", "uname"):
        dev.configure("dev-hub", {"profiles.hardened": {"execCommands": [command]}})
        assert dev.up("dev-hub").succeeded
        seen.insert(0, dev.outputs("dev-hub")["profiles"]["hardened"]["pcr8"])
    assert dev.outputs("dev-hub")["profiles"]["hardened"]["accepted"] == seen[:2]
    assert not set(seen[2:]) & set(reference_value(dev, "snp_pcr08"))


def pods(project: CommittedProject, app: str) -> set[str]:
    found = project.cluster(SPOKE).list("Pod")
    return {pod["metadata"]["name"] for pod in found if pod["metadata"].get("labels", {}).get("app") == app}
