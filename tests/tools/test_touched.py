import pytest

from tools.touched import touched

STACKS = {
    "dev-spoke": {"config": {"coco:role": "spoke", "coco:hub": "organization/coco/dev-hub"}},
    "dev-hub": {
        "config": {
            "coco:role": "hub",
            "coco:trustee": {"oscVersions": ["1.13.1"]},
            "coco:profiles": {"web": {"policyFile": "policies/web.rego"}},
        }
    },
    "prod-hub": {"config": {"coco:role": "hub", "coco:trustee": {"oscVersions": ["1.12.0"]}}},
}


@pytest.mark.parametrize(
    "path",
    [
        "__main__.py",
        "Pulumi.yaml",
        "requirements.txt",
        "components/network/vnet.py",
        "components/cluster/approve.sh",
        "config/rules/place.py",
    ],
)
def test_the_program_touches_every_stack(path: str) -> None:
    assert touched([path], STACKS) == ["dev-hub", "prod-hub", "dev-spoke"]


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "sandbox/provider.py",
        "tools/check.py",
        "tests/config/test_load.py",
        "config/schema.json",
        "",
    ],
)
def test_what_no_preview_depends_on_touches_none(path: str) -> None:
    assert touched([path], STACKS) == []


def test_a_hub_touches_the_spokes_that_read_it() -> None:
    assert touched(["stacks/Pulumi.dev-hub.yaml"], STACKS) == ["dev-hub", "dev-spoke"]
    assert touched(["stacks/Pulumi.dev-spoke.yaml"], STACKS) == ["dev-spoke"]


def test_a_file_touches_the_stacks_that_name_it() -> None:
    assert touched(["policies/web.rego"], STACKS) == ["dev-hub", "dev-spoke"]
    assert touched(["reference-values/1.12.0.yaml"], STACKS) == ["prod-hub"]


def test_a_removed_stack_touches_its_readers_but_has_no_preview_itself() -> None:
    left = {name: content for name, content in STACKS.items() if name != "dev-hub"}
    assert touched(["stacks/Pulumi.dev-hub.yaml"], left) == ["dev-spoke"]


def test_a_workload_touches_the_hub_that_measures_it_and_the_spokes_that_run_it() -> None:
    stacks = {
        "a-hub": {"config": {"coco:role": "hub", "coco:workloads": {"web": {"spokes": ["a-spoke"]}}}},
        "a-spoke": {"config": {"coco:role": "spoke", "coco:workloads": ["web"]}},
        "other-hub": {"config": {"coco:role": "hub", "coco:workloads": {"shop": {"spokes": ["a-spoke"]}}}},
        "odd": {"config": {"coco:workloads": "web"}},
        "empty": None,
    }
    assert touched(["workloads/web/images.lock.yaml"], stacks) == ["a-hub", "a-spoke"]
    assert touched(["workloads/web/deployment.yaml"], {"a-spoke": stacks["a-spoke"]}) == ["a-spoke"]
    assert touched(["workloads/README.md", "docs/workloads/web/x.yaml"], stacks) == []
