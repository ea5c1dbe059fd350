"""Which profile each workload runs under is found by what it measures, and what is no profile is loud."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tools import deployed
from tools.posture.deployment import Deployment
from tools.posture.model import Posture
from tools.posture.untrusted import ANNOTATION

DEFAULT = "(pods without initdata of their own)"


@pytest.fixture
def hub(home: Path) -> Deployment:
    return deployed.export(home, "dev-hub")


@pytest.fixture
def spoke(home: Path) -> Deployment:
    return deployed.export(home, "dev-spoke")


def states(found: Posture) -> dict[str, tuple[str | None, str]]:
    assert found.untrusted is not None
    return {one.name: (one.profile, one.state) for one in found.untrusted.workloads}


def with_default(spoke: Deployment, encoded: str) -> Deployment:
    return deployed.with_object(spoke, "ConfigMap", "peer-pods-cm", {"data": {"INITDATA": encoded}})


def with_annotation(spoke: Deployment, name: str, encoded: str | None) -> Deployment:
    found = next(one for one in spoke.objects("Deployment") if one.object_name == name)
    spec: Any = deepcopy(dict(found.inputs["spec"]))
    spec["template"]["metadata"]["annotations"] = {ANNOTATION: encoded} if encoded else {}
    return deployed.with_object(spoke, "Deployment", name, {"spec": spec})


def test_every_workload_is_named_with_its_profile(spoke: Deployment, hub: Deployment) -> None:
    found = deployed.posture(spoke, hub)
    expected = {
        DEFAULT: ("hardened", "current"),
        "hello-samples/hello-standard": (None, "ordinary"),
        "hello-samples/hello-debug": ("debug", "current"),
        "hello-openshift/hello-hardened": ("hello-openshift on dev-spoke", "current"),
        "kbs-access/kbs-access": ("kbs-access on dev-spoke", "current"),
        "kbs-sealed/kbs-sealed": ("kbs-sealed on dev-spoke", "current"),
    }
    assert expected.items() <= states(found).items()
    assert found.warnings == ()


def test_initdata_that_the_hub_does_not_know_is_reported(spoke: Deployment, hub: Deployment) -> None:
    for changed, name in (
        (with_default(spoke, deployed.foreign_initdata()), DEFAULT),
        (with_default(spoke, "not initdata"), DEFAULT),
        (with_annotation(spoke, "kbs-access", deployed.foreign_initdata()), "kbs-access/kbs-access"),
    ):
        found = deployed.posture(changed, hub)
        assert states(found)[name] == (None, "unknown")
        assert any(name in one and "no profile or workload of dev-hub" in one for one in found.warnings)


def test_a_workload_without_initdata_of_its_own_runs_under_the_default(
    spoke: Deployment, hub: Deployment
) -> None:
    debug = hub.outputs["profiles"]["debug"]["encoded"]
    changed = with_annotation(with_default(spoke, debug), "kbs-access", None)
    assert states(deployed.posture(changed, hub))["kbs-access/kbs-access"] == ("debug", "current")


def test_an_old_version_of_a_profile_is_reported_as_long_as_it_runs(
    spoke: Deployment, hub: Deployment
) -> None:
    before = hub.outputs["profiles"]["debug"]["pcr8"]

    def changed(rego: str) -> str:
        return rego.replace("default WaitProcessRequest := true", "default WaitProcessRequest := false")

    newer = deployed.with_agent_policy(hub, "debug", changed)
    now = newer.outputs["profiles"]["debug"]["pcr8"]
    refused = deployed.posture(spoke, newer)
    assert states(refused)["hello-samples/hello-debug"] == (None, "refused")
    assert any("hello-samples/hello-debug" in one and "no longer accepts" in one for one in refused.warnings)
    earlier = deployed.posture(spoke, deployed.with_profile(newer, "debug", accepted=[now, before]))
    assert states(earlier)["hello-samples/hello-debug"] == ("debug", "earlier")
    assert any("earlier version of debug" in one for one in earlier.warnings)


def test_without_the_hub_the_spoke_is_judged_by_what_it_saw_and_says_so(spoke: Deployment) -> None:
    found = deployed.posture(spoke)
    assert states(found)["kbs-access/kbs-access"] == ("kbs-access on dev-spoke", "current")
    assert "organization/coco/dev-hub could not be read" in found.notes[0]


def test_a_spoke_of_another_address_of_its_hub_is_reported(spoke: Deployment, hub: Deployment) -> None:
    moved = replace(spoke, outputs={**spoke.outputs, "kbsUrl": "https://kbs.old.example.com"})
    assert any("https://kbs.old.example.com" in one for one in deployed.posture(moved, hub).warnings)


def test_a_spoke_that_waits_for_its_hub_says_so(spoke: Deployment) -> None:
    begun = tuple(one for one in spoke.resources if one.object_name != "peer-pods-cm")
    with pytest.raises(ValueError, match=r"waits for organization/coco/dev-hub\. Bring that up"):
        deployed.posture(replace(spoke, resources=begun, outputs={"waitsFor": "organization/coco/dev-hub"}))


def test_a_stack_whose_update_did_not_finish_is_refused(spoke: Deployment) -> None:
    with pytest.raises(ValueError, match="did not finish"):
        deployed.posture(replace(spoke, outputs={}))
