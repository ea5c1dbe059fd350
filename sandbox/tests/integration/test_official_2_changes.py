"""What people do to a running environment, under the official engine."""

import base64
import json
import re
import time
from collections.abc import Callable

import pytest

from model.attestation import initdata
from sandbox.tests.integration.world import HUB, SPOKE, TRUSTEE, World

pytestmark = pytest.mark.integration


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    """The operators of the sandbox take a moment."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.2)


def test_a_policy_change_reaches_the_hub_first_and_then_the_spoke(world: World) -> None:
    [before] = accepted(world)
    world.project.configure(HUB, {"workloads.kbs-sealed.readLogs": True})
    world.up(HUB)
    after, kept = accepted(world)
    assert kept == before != after
    # Pods of the old policy keep their secrets until the spoke has rolled.
    policy = world.config_map("resource-policy")
    assert before in policy
    assert after in policy
    assert world.pulumi("preview", SPOKE, "--expect-no-changes").code != 0
    world.up(SPOKE)
    pods = world.cluster(SPOKE).get("/apis/apps/v1/namespaces/kbs-sealed/deployments/kbs-sealed")
    [encoded] = pods["spec"]["template"]["metadata"]["annotations"].values()
    assert initdata.decode(encoded).pcr8 == after
    world.unchanged(SPOKE)


def accepted(world: World) -> list[str]:
    """PCR8 of the pods of kbs-sealed on the spoke, the present one first."""
    return world.outputs(HUB)["workloads"]["kbs-sealed"]["accepted"]["dev-spoke"]


def test_a_renewed_certificate_rolls_trustee_and_nothing_else(world: World) -> None:
    hub, secret = world.cluster(HUB), f"{TRUSTEE}/secrets/kbs-https"
    before = hub.get(secret)["data"]["tls.crt"]
    hub.delete(secret)  # how one makes cert-manager issue it again
    until(lambda: (hub.find(secret) or {"data": {"tls.crt": before}})["data"]["tls.crt"] != before)
    done = world.up(HUB)
    assert "1 updated" in done.text
    assert "1 replaced" in done.text
    world.unchanged(HUB)
    world.unchanged(SPOKE)


def test_an_added_secret_is_served(world: World) -> None:
    secret = {"source": "generated", "keys": ["password"], "readableBy": ["hardened"], "allowUnpinned": True}
    world.project.configure(HUB, {"secrets.added": secret})
    world.up(HUB)
    hub = world.cluster(HUB)
    config = hub.get(
        "/apis/confidentialcontainers.org/v1alpha1/namespaces/trustee-operator-system/kbsconfigs/kbs"
    )
    assert "added" in config["spec"]["kbsSecretResources"]
    assert len(base64.b64decode(hub.get(f"{TRUSTEE}/secrets/added")["data"]["password"])) >= 16
    world.unchanged(HUB)


def test_a_limit_is_scaled_in_place(world: World) -> None:
    world.project.configure(SPOKE, {"peerPods.limitPerNode": 5})
    done = world.up(SPOKE)
    limits = "/api/v1/namespaces/openshift-sandboxed-containers-operator/configmaps/peer-pods-cm"
    assert world.cluster(SPOKE).get(limits)["data"]["PEERPODS_LIMIT_PER_NODE"] == "5"
    # The Job that waits for the adaptor to have it, and nothing else.
    assert set(re.findall(r"([a-z][\w-]+) replaced", done.text)) == {"sandboxed-containers-peer-pods"}
    world.unchanged(SPOKE)


def kept(world: World) -> dict[str, tuple[object, str]]:
    """Ids and inputs, without ciphertexts: the engine encrypts anew whenever it writes."""
    return {
        each["urn"]: (
            each.get("id"),
            re.sub('"ciphertext": "[^"]*"', "", json.dumps(each.get("inputs"), sort_keys=True)),
        )
        for each in world.environment.stacks.resources(HUB)
    }


@pytest.mark.parametrize(
    ("key", "value", "before", "answer"),
    [
        ("cluster.version", "4.20.16", "4.20.15", "PropertyChangeNotAllowed"),
        ("network.cidr", "10.8.0.0/16", "10.0.0.0/16", "NetcfgSubnetRangeOutsideVnet"),
    ],
)
def test_a_forbidden_change_is_stopped_before_anything_is_touched(
    world: World, key: str, value: str, before: str, answer: str
) -> None:
    azure, state = world.azure.cloud.path, kept(world)
    cloud = azure.read_text()
    world.project.configure(HUB, {key: value})
    done = world.pulumi("up", HUB, "--yes")
    world.project.configure(HUB, {key: before})
    assert done.code != 0, done.text
    assert answer in done.text
    assert azure.read_text() == cloud
    assert kept(world) == state


def test_a_change_by_hand_is_shown_and_put_right(world: World) -> None:
    """In the cluster and in Azure; what anybody may read of the policy's effect is in tests/trustee."""
    hub, path = world.cluster(HUB), f"{TRUSTEE}/configmaps/resource-policy"
    policy = hub.get(path)["data"]["resource-policy.rego"]
    network = next(id_ for id_ in world.azure.resources() if id_.endswith(f"virtualNetworks/coco-{HUB}-vnet"))
    open_to_all = {"data": {"resource-policy.rego": "package policy\ndefault allow := true\n"}}
    hub.merge(path, open_to_all, manager="kubectl-edit")
    world.azure.change_by_hand(network, tags={"environment": "by hand"})
    shown = world.pulumi("refresh", HUB, "--preview-only").text
    changed = [line for line in shown.splitlines() if "[diff: ~" in line]
    assert any("trustee-resource-policy" in line for line in changed), shown
    assert any("network-vnet" in line for line in changed), shown
    world.up(HUB, "--refresh")
    assert hub.get(path)["data"]["resource-policy.rego"] == policy
    assert world.azure.cloud.look()[network].state["tags"]["environment"] == "dev"
    world.unchanged(HUB)


def test_what_the_state_does_not_know_is_imported_as_it_is(world: World) -> None:
    """Here under a second name, which is then forgotten again."""
    type_ = "azure-native:network:VirtualNetwork"
    network = next(id_ for id_ in world.azure.resources() if id_.endswith(f"virtualNetworks/coco-{HUB}-vnet"))
    known = next(each for each in world.environment.stacks.resources(HUB) if each["type"] == type_)
    done = world.pulumi("import", HUB, type_, "again", network, "--yes", "--generate-code=false")
    assert done.code == 0, done.text
    again = next(
        each for each in world.environment.stacks.resources(HUB) if each["urn"].endswith(f"{type_}::again")
    )
    assert again["id"] == known["id"]
    assert again["inputs"]["addressSpace"] == known["inputs"]["addressSpace"]
    assert again["outputs"].keys() == known["outputs"].keys()
    world.environment.cli.read("state", "delete", again["urn"], "--stack", HUB, "--yes", "--force")
    world.unchanged(HUB)
