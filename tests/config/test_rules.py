"""Rules read what they name and nothing else, and are asked wherever that is there and valid."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import signature
from pathlib import Path
from types import UnionType
from typing import Any, get_type_hints
from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config import load, rules, secret_values
from config.files import Files
from config.roles import ROLES
from config.rule import Mistake, Rule
from config.sections import KINDS, Section
from tests.config.committed import NAMES
from tests.config.edits import GONE, NOW, problems
from tests.config.test_config import MISTAKES

SHAPES = [(model, kind) for model in ROLES.values() for kind in KINDS]


def types(section: type[Section], kind: str, above: str = "") -> Iterator[tuple[str, Any]]:
    """The type of each key that a stack of one role and kind of cluster can have."""
    for name, field in section.model_fields.items():
        key, type_ = f"{above}{field.alias}", get_type_hints(section)[name]
        yield key, type_
        inner = KINDS[kind].section if key == "cluster" else section_of(type_)
        if inner is not None:
            yield from types(inner, kind, f"{key}.")


def section_of(type_: Any) -> type[Section] | None:
    """The section that a field holds, alone or as what may be left out."""
    candidates = [type_, *getattr(type_, "__args__", ())] if type(type_) is not type(list[int]) else []
    found = [each for each in candidates if isinstance(each, type) and issubclass(each, Section)]
    return found[0] if found else None


KEYS = {(model, kind): dict(types(model, kind)) for model, kind in SHAPES}


def all_rules() -> list[tuple[Rule, Mapping[str, Any]]]:
    """Each rule with the keys of a role and kind of cluster that it is asked for."""
    return [
        (rule, known)
        for (model, kind), known in KEYS.items()
        for rule in (
            *rules.of(model, {"cluster.kind": kind}),
            *secret_values.rules(model, {}),
            *Files(root=Path(), now=NOW).rules(model),
        )
    ]


def complaints(rule: Rule, known: Mapping[str, Any]) -> list[str]:
    """What is wrong with how a rule reads the keys that are `known`."""
    hints = get_type_hints(rule.check)
    parameters = list(signature(rule.check).parameters)
    if len(parameters) != len(rule.keys):
        return [f"{rule.check} takes {parameters}, and the rule reads {rule.keys}"]
    return [
        f"{rule.check} takes {key} as {hints[parameter]}, and it is {known[key]}"
        for key, parameter in zip(rule.keys, parameters, strict=True)
        if key in known and not fits(known[key], hints[parameter])
    ]


def fits(given_: Any, taken: Any) -> bool:
    if given_ == taken:
        return True
    if isinstance(taken, type) and isinstance(given_, type):
        return issubclass(given_, taken)
    wide, narrow = getattr(taken, "__args__", ()), getattr(given_, "__args__", ())
    if isinstance(taken, UnionType) and not isinstance(given_, UnionType):
        return any(fits(given_, each) for each in wide)
    literals = all(isinstance(value, str) for value in narrow) and taken is str
    return literals or (bool(narrow) and all(any(fits(n, w) for w in wide) for n in narrow))


def test_every_rule_is_asked_of_some_stack() -> None:
    asked = {rule.check.__qualname__ for rule, known in all_rules() if known.keys() >= set(rule.keys)}
    assert {rule.check.__qualname__ for rule, _ in all_rules()} == asked


@pytest.mark.parametrize("key", sorted({key for rule, _ in all_rules() for key in rule.keys}))
def test_every_key_that_a_rule_names_is_one_of_a_stack_file(key: str) -> None:
    assert any(key in known for known in KEYS.values())


def test_every_rule_takes_its_values_as_what_they_are() -> None:
    assert [complaint for rule, known in all_rules() for complaint in complaints(rule, known)] == []


def test_rules_are_judged_by_checks_that_can_fail() -> None:
    def check(workers: int, name: str) -> Iterator[Mistake]:
        yield Mistake(key=name, rule=str(workers), fix="")

    known = {"cluster.workerCount": int, "cluster.domain": str}
    assert complaints(Rule(keys=("cluster.workerCount", "cluster.domain"), check=check), known) == []
    assert complaints(Rule(keys=("cluster.domain", "cluster.workerCount"), check=check), known)
    assert complaints(Rule(keys=("cluster.domain",), check=check), known)


def asked(name: str, changes: dict[str, Any]) -> tuple[dict[str, Any], list[Rule]]:
    """The values of a changed stack file that are valid, and the rules that can be asked."""
    with patch.object(load, "broken", return_value=[]) as broken:
        problems(name, changes)
    values, candidates = broken.call_args.args
    return values, [rule for rule in candidates if all(key in values for key in rule.keys)]


def spoils(bad: str, key: str) -> bool:
    """Whether a bad value at one key makes that of another one unknown. Without its kind, nothing of a cluster can be read."""
    bad = "cluster" if bad == "cluster.kind" else bad
    # Tags have a rule as a whole, which is not asked where one of them is bad.
    bad, key = ("azure.tags" if each.startswith("azure.tags.") else each for each in (bad, key))
    return f"{bad}.".startswith(f"{key}.") or f"{key}.".startswith(f"{bad}.")


def reads(rule: Rule) -> set[str]:
    """The keys that a rule names, and that of the kind of cluster which it is for."""
    return {*rule.keys, *("cluster.kind" for kind in KINDS.values() if rule in kind.rules)}


def names(rules_: list[Rule]) -> set[tuple[str, tuple[str, ...]]]:
    return {(rule.check.__qualname__, rule.keys) for rule in rules_}


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_left_out_exactly_where_a_key_that_it_names_is_bad(name: str) -> None:
    values, whole = asked(name, {})
    read = {key for rule in whole for key in rule.keys if "." in key or key in ("profiles", "secrets")}
    for key in sorted(read):
        changes = {key: ["no such value"]}
        if key.startswith("externalSecrets.") or (key == "network.cidr" and "network.cidr" not in values):
            changes = {key.partition(".")[0]: {key.partition(".")[2]: ["no such value"]}}
        remaining, still = asked(name, changes)
        expected = names([rule for rule in whole if not any(spoils(key, each) for each in reads(rule))])
        assert names(still) == expected, key
        assert not any(spoils(key, each) for each in remaining)


SAID = [mistake for mistake in MISTAKES if "role" not in mistake["change"]]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SAID), st.sampled_from(SAID))
def test_a_mistake_hides_no_other_one_but_where_a_rule_reads_both(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assume(one is not other and one["stack"] == other["stack"])
    first, second = gone(one), gone(other)
    # A mistake has to do with the keys that it changes, the one that it is about and those of the rules that find it.
    assume(not any(spoils(a, b) for a in first for b in {*second, said(other), *read_by(SAID.index(other))}))
    assume(not any(spoils(b, a) for b in second for a in {*first, said(one), *read_by(SAID.index(one))}))
    assert {one["says"], other["says"]} <= set(problems(one["stack"], first | second))


def gone(mistake: dict[str, Any]) -> dict[str, Any]:
    return {key: GONE if value == "GONE" else value for key, value in mistake["change"].items()}


def said(mistake: dict[str, Any]) -> str:
    """The key that its sentence is about."""
    return re.split(r": |\[", mistake["says"].removeprefix("coco:"), maxsplit=1)[0]


@cache
def read_by(one: int) -> set[str]:
    """The keys that the rules read which find a mistake; none where its value is wrong by itself."""
    mistake = SAID[one]
    values, can_be_asked = asked(mistake["stack"], gone(mistake))
    return {
        key
        for rule in can_be_asked
        if any(str(each) == mistake["says"] for each in rule.check(*(values[key] for key in rule.keys)))
        for key in reads(rule)
    }


def test_what_two_rules_miss_is_said_once() -> None:
    store = {"account": "cocodevhub", "credentialsUntil": "2027-06-30"}
    persistence = {"spokes": ["dev-standalone"], "persistence": {"kind": "objectStore"}}
    found = problems(
        "dev-standalone", {"azure": GONE, "workloads.kbs-store": persistence, "objectStore": store}
    )
    assert found == ["coco:azure: is missing: add it, because coco:objectStore is made there"]
