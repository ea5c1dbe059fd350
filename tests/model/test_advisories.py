"""The table of what no hub can see: what applies to which versions, and what excludes it."""

from dataclasses import replace
from pathlib import Path

import pytest

from model import advisories
from model.advisories import AdvisoriesError, Use
from model.versions import Version

COMMITTED = (Path(__file__).parents[2] / "advisories.yaml").read_text("utf-8")
USE = Use(
    osc_versions=(Version("1.13.1"),),
    trustee_version=Version("1.2.1"),
    generations=frozenset({"milan", "genoa"}),
    boot_loaders=False,
    policy_files=frozenset(),
)


def open_(use: Use) -> set[str]:
    """The committed advisories that apply to `use` and that nothing excludes."""
    return {one.name for one in advisories.read(COMMITTED).of(use) if one.excluded is None}


def test_the_findings_that_no_hub_can_see_are_in_the_table():
    assert open_(USE) == {
        "boot-loader-replay",
        "initdata-disk",
        "initdata-fallback",
        "quote-selection",
        "milan-keys",
        "kbs-metrics",
    }


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"boot_loaders": True}, {"boot-loader-replay"}),
        ({"generations": frozenset({"genoa"})}, {"initdata-disk", "milan-keys"}),
        ({"osc_versions": (Version("1.11.1"),)}, {"initdata-disk"}),
    ],
)
def test_what_a_stack_decides_excludes_what_it_says(change, gone):
    assert open_(USE) - open_(replace(USE, **change)) == gone


def test_one_affected_version_among_several_is_enough():
    both = replace(USE, osc_versions=(Version("1.11.1"), Version("1.12.0")))
    [found] = [one for one in advisories.read(COMMITTED).of(both) if one.name == "initdata-disk"]
    assert found.affected == ("sandboxed containers 1.12.0",)


def test_a_policy_of_ones_own_is_affected_where_rendered_ones_are_not():
    assert "copy-file" in open_(replace(USE, policy_files=frozenset({"web"})))
    [excluded] = [one.excluded for one in advisories.read(COMMITTED).of(USE) if one.name == "copy-file"]
    assert excluded == "every agent policy is rendered"


def test_where_any_platform_may_attest_nothing_about_hosts_is_excluded():
    assert {"initdata-disk", "milan-keys"} <= open_(replace(USE, generations=None))


@pytest.mark.parametrize(
    ("version", "affected"), [("1.11.9", False), ("1.12.0", True), ("1.20.3", True), ("2.0.0", False)]
)
def test_an_advisory_holds_from_the_first_version_with_the_fault_to_the_first_without(version, affected):
    text = COMMITTED.replace("    since: 1.12.0\n", "    since: 1.12.0\n    fixedIn: 2.0.0\n")
    assert text != COMMITTED
    found = advisories.read(text).of(replace(USE, osc_versions=(Version(version),)))
    assert ("initdata-disk" in {one.name for one in found}) == affected


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("component: trustee", "component: kbs", "component: Input should be 'guest', 'trustee' or 'host'"),
        ("since: 1.12.0", "since: '1.12'", "since: .*not a full version"),
        ("who: anybody", "whom: anybody", "boot-loader-replay.who: Field required"),
        ("{bootLoaders: true}", "{nothing: true}", "excludedBy.nothing: Extra inputs"),
        ("reviewed: 2026-11-26", "reviewed: soon", "reviewed: Input should be a valid date"),
        ("advisories:\n  boot", "advisories: [\n  boot", "not YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(old, new, sentence):
    assert old in COMMITTED
    with pytest.raises(AdvisoriesError, match=sentence):
        advisories.read(COMMITTED.replace(old, new, 1))
