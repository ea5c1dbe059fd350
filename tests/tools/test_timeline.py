"""The time that a stack takes is that of the longest chain of its own graph, and each figure has a source."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.config.committed import ROOT
from tests.program import roles
from tools import timeline
from tools.timeline import Step, Usual, critical, timed, unavoidable

USUAL = [
    Usual(type=":Cluster", up=(30, 40), down=(10, 20), unavoidable=True, source="a"),
    Usual(type=":Job", name="-image", up=(0, 10), unavoidable=True, source="b"),
    Usual(type=":Job", up=(2, 5), source="c"),
]


def step(name: str, kind: str, *needs: str) -> Step:
    return Step(urn=name, type=f"x:y/v1:{kind}", name=name, needs=frozenset(needs))


GRAPH = [
    step("net", "Network"),
    step("cluster", "Cluster", "net"),
    step("one", "Job", "cluster"),
    step("pod-image", "Job", "cluster"),
    step("pod", "Deployment", "one", "pod-image"),
]


def test_the_end_is_that_of_the_longest_chain_and_names_its_steps() -> None:
    made = timed(GRAPH, USUAL, "up")
    assert made["pod"].ends == (32, 50)
    assert [one.step.name for one in critical(made)] == ["cluster", "pod-image"]
    assert (made["one"].starts, made["one"].ends) == ((30, 40), (32, 45))


def test_what_is_destroyed_goes_before_what_it_needs() -> None:
    gone = timed(GRAPH, USUAL, "down")
    assert next(iter(gone)) == "pod"
    assert gone["net"].after == "cluster"
    assert gone["net"].ends == (10, 20)


def test_the_first_entry_that_fits_counts_and_another_version_is_the_same_kind() -> None:
    kata = Usual(type=":KataConfig", up=(1, 1), source="x")
    assert kata.fits(Step(urn="k", type="kubernetes:k.io/v1alpha1:KataConfig", name="k", needs=frozenset()))
    assert timed(GRAPH, USUAL, "up")["pod-image"].minutes == (0, 10)


def test_the_chain_that_cannot_be_shortened_counts_each_of_its_parts_once() -> None:
    twice = [*GRAPH, step("other-image", "Job", "cluster")]
    assert unavoidable(timed(twice, USUAL, "up")) == 50


@pytest.mark.parametrize(("hub_minutes", "both"), [(20, 55), (40, 55), (60, 70)])
def test_at_the_same_time_the_longer_of_both_counts_and_then_the_rest_of_the_spoke(
    hub_minutes: int, both: int
) -> None:
    usual = [*USUAL, Usual(type=":Hub", up=(1, hub_minutes), source="d")]
    spoke = [
        step("cluster", "Cluster"),
        Step(urn="o", type="x:y/v1:Job", name="osc-operator-approval", needs=frozenset({"cluster"})),
        Step(urn="i", type="x:y/v1:Job", name="pod-image", needs=frozenset({"o"})),
    ]
    spoke_made, hub_made = timed(spoke, usual, "up"), timed([step("hub", "Hub")], usual, "up")
    assert spoke_made["i"].ends[1] == 55
    assert timeline.at_once(spoke_made, hub_made) == both


def test_every_figure_has_a_source_and_fits_something_that_a_committed_stack_makes(home: Path) -> None:
    entries = [
        Usual.model_validate(one) for one in yaml.safe_load((ROOT / "tools/durations.yaml").read_text())
    ]
    made = [
        one
        for stack in ("dev-hub", "dev-spoke")
        for one in timeline.steps(json.loads((home / f"stacks/{stack}.json").read_text()))
    ]
    made += [
        Step(urn=one.urn, type=one.type, name=one.name, needs=frozenset())
        for stack in ("managed-hub", "selfmanaged-hub", "vpn-hub")
        for one in roles.committed_graph(stack).values()
    ]
    for entry in entries:
        assert entry.source
        assert entry.up[0] <= entry.up[1]
        assert entry.down[0] <= entry.down[1]
        assert any(entry.fits(one) for one in made), entry


def run(*arguments: str) -> int:
    return timeline.main(arguments)


def test_a_spoke_waits_for_its_cluster_kata_and_image_and_says_what_both_zones_take(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "t.svg"
    assert run("dev-spoke", "--home", str(home), "--svg", str(drawn)) == 0
    text = capsys.readouterr().out
    chain = [
        "cluster-aro",
        "osc-operator-approval",
        "sandboxed-containers-kata",
        "sandboxed-containers-peer-pods",
    ]
    first, second = text.split("What its `destroy` waits for")
    places = [first.index(name) for name in chain]
    assert places == sorted(places)
    assert second.index("sandboxed-containers-kata") < second.index("cluster-aro")
    found = re.search(r"one after the other: at most (\d+) minutes, ([\d.]+) times (\d+),", text)
    assert found
    assert float(found[2]) == pytest.approx(int(found[1]) / int(found[3]), abs=0.01)
    assert set(chain) <= set(re.findall("<text[^>]*>([^<]+)</text>", drawn.read_text()))


@pytest.mark.parametrize("arguments", [["nobody"], ["dev-hub", "--from", "missing.json"]])
def test_a_stack_without_a_graph_is_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(*arguments, "--home", str(home)) == 1
    assert f"error: {arguments[0]} has no graph to look at: " in capsys.readouterr().err


def test_a_stack_of_which_nothing_takes_long_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Such as the destruction of a hub on a cluster that stays."""
    timeline._print("A destroy of anywhere-hub", timed([step("route", "Route")], USUAL, "down"))  # pyright: ignore[reportPrivateUsage]
    assert capsys.readouterr().out == "A destroy of anywhere-hub: nothing of it takes minutes\n"
