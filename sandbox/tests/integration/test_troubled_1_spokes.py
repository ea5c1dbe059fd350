"""A spoke is added while the engine is killed again and again, and later gets a new version of its operator."""

import base64
import json
from typing import Any

import pytest
import yaml

from sandbox.tests.integration.world import ADDED, HUB, SPOKE, World

pytestmark = pytest.mark.integration
OLD, NEW = "1.13.0", "1.13.1"
PRINCIPAL = {
    "clientId": "00000000-0000-4000-8000-000000000031",
    "objectId": "00000000-0000-4000-8000-000000000032",
}
# Resources in the state when `pulumi` is killed: in the network, while the cluster is made, in the operator, in the samples.
MOMENTS = (6, 14, 30, 44)


def resources(world: World) -> list[dict[str, Any]]:
    """As the backend's file has them: asking `pulumi` takes longer than a step."""
    path = world.environment.cli.state / "backend/.pulumi/stacks/coco" / f"{ADDED}.json"
    latest = json.loads(path.read_text())["checkpoint"].get("latest") or {} if path.exists() else {}
    return latest.get("resources") or []


def accepted(world: World) -> str:
    """The reference values, of which Trustee wants each encoded."""
    values: dict[str, str] = json.loads(world.config_map("reference-values"))
    return "\n".join(base64.b64decode(value).decode() for value in values.values())


def test_the_hub_accepts_a_second_operator_version(troubled: World) -> None:
    folder = troubled.project.folder / "reference-values"
    values = yaml.safe_load((folder / f"{NEW}.yaml").read_text())
    values["oscVersion"] = OLD
    values["pcrs"] = {name: [f"{index:064x}"] for index, name in enumerate(values["pcrs"], 1)}
    (folder / f"{OLD}.yaml").write_text(yaml.safe_dump(values))
    troubled.project.configure(HUB, {"trustee.oscVersions": [OLD, NEW]})
    troubled.up(HUB)
    assert f"{1:064x}" in accepted(troubled)
    assert yaml.safe_load((folder / f"{NEW}.yaml").read_text())["pcrs"]["pcr03"][0] in accepted(troubled)
    troubled.unchanged(SPOKE)


def test_an_added_spoke_converges_however_often_up_was_killed(troubled: World) -> None:
    changes = {
        "network.cidr": "10.8.0.0/16",
        "cluster.domain": ADDED,
        "cluster.podCidr": "10.136.0.0/14",
        "cluster.serviceCidr": "172.38.0.0/16",
        "cluster.servicePrincipal": PRINCIPAL,
        "sandboxedContainers.version": OLD,
    }
    both = {
        f"workloads.{name}.spokes": [SPOKE, ADDED] for name in ("hello-openshift", "kbs-access", "kbs-sealed")
    }
    troubled.project.configure(HUB, both)
    troubled.up(HUB)
    troubled.unchanged(SPOKE)
    troubled.project.configure(ADDED, changes, like=SPOKE)
    troubled.environment.cli.prepare()
    for count in MOMENTS:
        troubled.said += troubled.recover(ADDED)
        command = troubled.command("up", ADDED, "--yes", "--skip-preview")
        environment = troubled.environment.cli.environment()
        killed = troubled.project.kill(
            command, lambda count=count: len(resources(troubled)) >= count, environment
        )
        assert killed, f"up ended before there were {count} resources"
    done = troubled.sandbox("up", "--stack", ADDED)
    assert done.code == 0, done.text
    assert troubled.environment.stacks.pending(ADDED) == []
    troubled.unchanged(ADDED)


def test_the_killed_spoke_has_all_that_the_other_has_and_nothing_twice(troubled: World) -> None:
    assert [each.replace(ADDED, SPOKE) for each in names(troubled, ADDED)] == names(troubled, SPOKE)
    ids = [
        id_.replace(ADDED, SPOKE)
        for id_ in troubled.azure.resources()
        if f"coco-{ADDED}" in id_ and "roleA" not in id_
    ]
    others = [
        id_
        for id_ in troubled.azure.resources()
        if f"coco-{SPOKE}" in id_ and ADDED not in id_ and "roleA" not in id_
    ]
    assert len(ids) == len(others)


def names(world: World, stack: str) -> list[str]:
    urns = [resource["urn"].split("::", 2)[2] for resource in world.environment.stacks.resources(stack)]
    assert len(set(urns)) == len(urns)
    return sorted(urn for urn in urns if "approval" not in urn)


def test_the_operator_of_one_spoke_is_upgraded_in_place(troubled: World) -> None:
    """Both sets of reference values are accepted meanwhile, so pods of either version keep attesting."""
    troubled.project.configure(ADDED, {"sandboxedContainers.version": NEW})
    done = troubled.up(ADDED)
    versions = "/apis/operators.coreos.com/v1alpha1/namespaces/openshift-sandboxed-containers-operator/clusterserviceversions"
    found = {
        each["metadata"]["name"]: each["status"]["phase"]
        for each in troubled.cluster(ADDED).get(versions)["items"]
    }
    assert found[f"sandboxed-containers-operator.v{NEW}"] == "Succeeded"
    assert "azure-native:redhatopenshift" not in "".join(
        line for line in done.text.splitlines() if "replac" in line
    )
    troubled.unchanged(ADDED)
    troubled.project.configure(HUB, {"trustee.oscVersions": [NEW]})
    troubled.up(HUB)
    assert f"{1:064x}" not in accepted(troubled)
