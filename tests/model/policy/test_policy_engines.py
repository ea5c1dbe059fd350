"""Policies put to the engine that the agent has, in both versions, and the rules with one statement left out."""

from pathlib import Path

import pytest

from model.policy import agent_policy
from model.policy.agent_policy import AgentSettings
from model.policy.workload_policy import render_workload
from sandbox import policy_engine
from sandbox.policy_engine import ENGINES, Job
from tests.model.policy import attacks, mutants, recorded, shop
from tests.model.policy.recorded import ROOT, Case

pytestmark = pytest.mark.integration
HOME = ROOT / ".sandbox"
SHOP = render_workload(shop.POD)
HARDENED = agent_policy.render(AgentSettings())
LISTED = agent_policy.render(AgentSettings(exec_commands=("/app/status --json",)))
BOTH = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture(scope="module")
def binary() -> Path:
    if reason := policy_engine.unavailable(HOME):
        pytest.skip(reason)
    try:
        return policy_engine.build(HOME)
    except policy_engine.CratesOffline as error:
        pytest.skip(str(error))


def wrong(binary: Path, engine: str, policy: str, cases: list[Case]) -> set[str]:
    """Cases that are answered otherwise than they should be."""
    answers = policy_engine.judge(binary, [Job(engine, policy, case.steps) for case in cases])
    return {
        case.name for case, found in zip(cases, answers, strict=True) if (found[-1] is None) != case.allowed
    }


@BOTH
def test_only_the_pod_as_its_owner_wrote_it_runs(binary: Path, engine: str) -> None:
    assert wrong(binary, engine, SHOP, [*attacks.good(), *attacks.attacks()]) == set()
    assert wrong(binary, engine, render_workload(shop.OPEN), attacks.attacks_on_open()) == set()


@recorded.needed
@BOTH
def test_recorded_requests_are_allowed_and_attacks_refused(binary: Path, engine: str) -> None:
    cases = recorded.cases()
    assert wrong(binary, engine, render_workload(recorded.PINS), cases) == set()
    assert wrong(binary, engine, HARDENED, cases) == recorded.BEYOND_PROFILES
    assert wrong(binary, engine, LISTED, cases) == recorded.BEYOND_PROFILES


@recorded.needed
@BOTH
def test_recorded_pods_live(binary: Path, engine: str) -> None:
    pods = [(render_workload(recorded.PINS), run) for run in recorded.HONEST]
    pods += [(HARDENED, run) for run in (*recorded.HONEST, "volumes", "tagged-too")]
    pods += [(render_workload(recorded.VOLUMES), "volumes")]
    answers = policy_engine.judge(binary, [Job(engine, policy, recorded.run(run)) for policy, run in pods])
    assert [[why for why in found if why] for found in answers] == [[]] * len(pods)


@BOTH
def test_texts_of_a_user_mean_themselves(binary: Path, engine: str) -> None:
    odd = [
        '"',
        "\\",
        "\n",
        "\t",
        "${x}",
        "{{",
        "`",
        "#",
        "\x7f",
        "\x85",
        "\u2028",
        "é",
        "😀",
        "'''",
        "\\u0041",
        "\x01",
    ]
    cases = attacks.with_arguments(("/app", *odd))
    policy = render_workload(attacks.pod_with_arguments(("/app", *odd)))
    assert wrong(binary, engine, policy, cases) == set()


@BOTH
def test_a_policy_that_does_not_load_is_an_error(binary: Path, engine: str) -> None:
    with pytest.raises(policy_engine.EngineError, match="cannot be loaded"):
        policy_engine.judge(binary, [Job(engine, "package agent_policy\nx if {", [])])


def test_an_unknown_engine_is_an_error(binary: Path) -> None:
    with pytest.raises(policy_engine.EngineError, match=r"no engine 9\.9"):
        policy_engine.judge(binary, [Job("9.9", HARDENED, [])])


@BOTH
def test_a_policy_that_fails_open_obeys_what_it_refuses(binary: Path, engine: str) -> None:
    request = ("SetPolicyRequest", {})
    fails = HARDENED.replace("AllowRequestsFailingPolicy := false", "AllowRequestsFailingPolicy := true")
    jobs = [Job(engine, policy, [request, ("NoSuchRequest", {})]) for policy in (HARDENED, fails)]
    assert policy_engine.judge(binary, jobs) == [
        ["refused", "there is no rule NoSuchRequest"],
        [None, None],
    ]


REDUNDANT: dict[str, str] = {}
"""By statement that no case misses: why it stays."""


def answers(binary: Path, policy: str, asked: list[mutants.Asked]) -> list[bool] | None:
    """What is allowed; None where the policy does not load. The older engine, which is the faster."""
    try:
        found = policy_engine.judge(
            binary, [Job(ENGINES[0], policy, [request], state) for request, state in asked]
        )
    except policy_engine.EngineError:
        return None
    return [refusal is None for [refusal] in found]


Before = dict[tuple[str, str], list[bool] | None]


def noticed(binary: Path, mutant: mutants.Mutant, suites: list[mutants.Suite], before: Before) -> bool:
    """Whether any case is answered otherwise without the statement; true also where nothing loads without it.

    `before` keeps the answers of the whole rules, by policy and file.
    """
    loads = False
    for suite in suites:
        asked = suite.about(mutant.file)
        if mutant.whole not in suite.policy or not asked:
            continue
        changed = answers(binary, suite.policy.replace(mutant.whole, mutant.rest), asked)
        key = (suite.policy, mutant.file)
        if key not in before:
            before[key] = answers(binary, suite.policy, asked)
        if changed is not None and changed != before[key]:
            return True
        loads |= changed is not None
    return not loads


@recorded.needed
def test_each_statement_of_the_rules_stops_an_attack_or_lets_a_pod_live(binary: Path) -> None:
    own = [*attacks.good(), *attacks.attacks()]
    commands = [case for case in own if case.steps[-1].name == mutants.EXEC]
    suites = [
        mutants.Suite(render_workload(recorded.PINS), recorded.cases()),
        mutants.Suite(SHOP, own),
        mutants.Suite(render_workload(shop.OPEN), attacks.attacks_on_open()),
        mutants.Suite(HARDENED, [*recorded.cases(), *own]),
        mutants.Suite(agent_policy.render(AgentSettings(exec=True)), commands),
        mutants.Suite(LISTED, commands),
    ]
    before: Before = {}
    unnoticed = {each.name for each in mutants.mutants() if not noticed(binary, each, suites, before)}
    assert unnoticed == set(REDUNDANT)
