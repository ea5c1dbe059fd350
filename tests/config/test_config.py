"""Every mistake a stack file can have is refused with a sentence: the key, the value, the rule and what to do."""

import re
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from config.roles import HubConfig
from model.azure import vm_sizes
from tests.config.committed import ROOT
from tests.config.edits import GONE, loaded, problems

SECRET = {"source": "generated", "keys": ["k"], "readableBy": ["hardened"], "allowUnpinned": True}
MISTAKES = yaml.safe_load((ROOT / "tests/config/mistakes.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=lambda mistake: f"{mistake['stack']} {mistake['change']}"[:80]
)
def test_a_mistake_is_refused_with_one_sentence(mistake: dict[str, Any]) -> None:
    changes = {path: GONE if value == "GONE" else value for path, value in mistake["change"].items()}
    assert problems(mistake["stack"], changes) == [mistake["says"]]


@pytest.mark.parametrize("says", [mistake["says"] for mistake in MISTAKES])
def test_the_sentence_has_the_key_the_rule_the_value_and_the_fix(says: str) -> None:
    # A key that is missing or unknown has no value, or none that may be repeated.
    assert re.fullmatch(r"coco:.+?: (is (missing|not a known key)|must .+ \(got .+?\)): .{9,}", says)


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ({"a": "x" * 257}, "of 1 to 256 characters in one line, without spaces around it (got xxx"),
        ({"a" * 129: "x"}, "at most 128 characters"),
        ({f"t{n}": "x" for n in range(41)}, "must be at most 40 tags (got {"),
    ],
)
def test_tags_keep_to_the_limits_of_azure_and_of_peer_pods(tags: dict[str, str], rule: str) -> None:
    [found] = problems("dev-hub", {"azure.tags": tags})
    assert found.startswith("coco:azure.tags")
    assert rule in found
    assert len(found) < 450  # a long value is cut


def test_a_hub_may_have_tags_that_peer_pods_could_not() -> None:
    assert problems("dev-hub", {"azure.tags": {"owner": "Platform team, EMEA", "cost-center": "a=b"}}) == []


def test_several_mistakes_in_one_section_and_across_sections_are_reported_together() -> None:
    found = problems(
        "dev-spoke",
        {
            "azure.tenantId": "x",  # the region of this section is judged all the same
            "peerPods.vmSize": "Standard_DC2es_v6",
            "peerPods.vmSizes": ["Standard_DC2es_v6", "Standard_DC4as_v5 "],
            "cluster.version": "4.20.0",
            "cluster.workerCount": 1,
            "cluster.podCidr": "10.4.0.0/16",
            "typo": {},
        },
    )
    keys = {each.split(": ")[0] for each in found}
    assert keys == {
        "coco:azure.tenantId",
        "coco:peerPods.vmSize",
        "coco:peerPods.vmSizes[1]",
        "coco:cluster.version",
        "coco:cluster.workerCount",
        "coco:cluster.podCidr",
        "coco:typo",
    }
    assert len(found) == len(keys)


def test_a_model_that_breaks_a_rule_cannot_be_made_without_the_loader_either() -> None:
    valid = loaded("dev-hub").config.model_dump(mode="json", by_alias=True)
    assert HubConfig.model_validate(valid)
    valid["cluster"]["serviceCidr"] = "10.0.0.0/16"
    with pytest.raises(ValidationError, match=r"must not overlap network\.cidr"):
        HubConfig.model_validate(valid)


def test_one_spoke_may_have_confidential_vms_of_both_kinds_where_its_hub_takes_both() -> None:
    sizes = {"peerPods.vmSizes": ["Standard_DC2as_v5", "Standard_DC4as_v5", "Standard_DC2es_v5"]}
    there = {"azure.location": "westeurope", **sizes}
    assert problems("dev-spoke", there) == []
    both = {"trustee.tees": ["az-snp-vtpm", "az-tdx-vtpm"]}
    assert problems("dev-hub", both) == []
    assert problems("dev-standalone", {**there, **both}) == []
    (found,) = problems("dev-standalone", there)
    assert "must be of a kind in trustee.tees, and this is az-tdx-vtpm (got Standard_DC2es_v5)" in found


def test_a_region_the_table_does_not_know_works_with_the_sizes_a_person_found_there() -> None:
    there = {"azure.location": "marscentral", "azure.vmSizesOffered": ["Standard_DC2as_v5"]}
    only = {"peerPods.vmSizes": ["Standard_DC2as_v5"]}
    assert "marscentral" not in vm_sizes.REGIONS
    assert problems("dev-spoke", there | only) == []
    assert [each.split(": ")[0] for each in problems("dev-spoke", there)] == ["coco:peerPods.vmSizes"] * 3


def test_the_debug_profile_reads_a_secret_only_where_the_file_says_so() -> None:
    readable = SECRET | {"readableBy": ["hardened", "debug"], "allowUnpinned": True}
    assert problems("dev-hub", {"secrets.a": readable})
    assert problems("dev-hub", {"secrets.a": readable | {"allowDebug": True}}) == []


def test_nothing_is_allowed_unless_the_file_says_so() -> None:
    config = loaded(
        "dev-hub", {"trustee.imagePolicy": GONE, "profiles": GONE, "secrets": GONE, "workloads": GONE}
    ).config
    assert isinstance(config, HubConfig)
    assert config.trustee.image_policy == "reject"
    hardened = config.profiles["hardened"]
    assert not any((hardened.exec, hardened.exec_commands, hardened.read_logs, hardened.write_stdin))
    assert not any(profile.set_policy for profile in config.profiles.values())
    assert config.secrets == {}


def test_a_cluster_is_protected_unless_the_file_says_otherwise() -> None:
    config = loaded("dev-hub", {"cluster.protect": GONE}).config
    assert isinstance(config, HubConfig)
    assert config.cluster.kind == "aro"
    assert config.cluster.protect


def test_models_cannot_be_changed() -> None:
    config = loaded("dev-hub").config
    with pytest.raises(ValidationError, match="frozen"):
        config.required_azure.location = "westeurope"  # pyright: ignore[reportAttributeAccessIssue]
