"""A profile changes: the hub accepts the new measurement beside the old one, then the spoke's pods take it up."""

import base64
import json
from typing import Any

from model.attestation import initdata
from tests.end_to_end.project import SPOKE, CommittedProject, changes

TRUSTEE = "trustee-operator-system"
CHANGE: dict[str, Any] = {"profiles.hardened": {"execCommands": ["cat /etc/os-release"]}}


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
    assert pcr8_of_pods(dev, "kbs-sealed") == {old["hardened"]["pcr8"]}
    dev.configure("dev-hub", CHANGE)

    up = dev.up("dev-hub")
    assert up.succeeded, up.text
    assert {"trustee-reference-values", "trustee-resource-policy"} <= changes(up.text).keys()
    new = dev.outputs("dev-hub")["profiles"]
    assert new["debug"] == old["debug"]
    assert new["hardened"]["pcr8"] != old["hardened"]["pcr8"]
    accepted = [new["hardened"]["pcr8"], old["hardened"]["pcr8"]]
    assert new["hardened"]["accepted"] == accepted
    assert set(accepted) <= set(reference_value(dev, "snp_pcr08"))
    policy = dev.object("ConfigMap", "resource-policy", TRUSTEE)["data"]["resource-policy.rego"]
    assert all(value in policy for value in accepted)
    assert pcr8_of_pods(dev, "kbs-sealed") == {old["hardened"]["pcr8"]}, "the spoke has not been asked yet"

    before = {app: pods(dev, app) for app in ("kbs-sealed", "hello-debug")}
    spoke = dev.up("dev-spoke")
    assert spoke.succeeded, spoke.text
    assert changes(spoke.text) == {
        "peer-pods-cm": "~",
        "hello-openshift-hardened-deployment": "~",
        "kbs-sealed-workload-deployment": "~",
        "profile-catalog-config-map": "~",
    }
    assert pcr8_of_pods(dev, "kbs-sealed") == {new["hardened"]["pcr8"]}
    assert pods(dev, "kbs-sealed").isdisjoint(before["kbs-sealed"])
    assert pods(dev, "hello-debug") == before["hello-debug"]


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
