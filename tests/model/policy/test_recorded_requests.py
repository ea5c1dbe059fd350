"""Policies against requests of a real CRI-O and kata shim, and against one of them with one thing changed, with regopy.

`test_policy_engines` puts the same to the engine that the agent has.
"""

import json
from functools import cache

import pytest

from model.policy import agent_policy
from model.policy.agent_policy import AgentSettings
from model.policy.engine import Session
from model.policy.workload_policy import render_workload
from tests.model.policy import recorded
from tests.model.policy.recorded import Request

pytestmark = recorded.needed
WORKLOAD = render_workload(recorded.PINS)
HARDENED = agent_policy.render(AgentSettings())


@cache
def _played(policy: str, steps: str) -> tuple[Session, bool]:
    """After the steps, each kept for cases that begin alike; `steps` is JSON. And whether the last was allowed."""
    *before, last = json.loads(steps)
    session = Session(policy)
    if before:
        session._state = _played(policy, json.dumps(before))[0]._state
    return session, session.ask(*last)


def allowed(policy: str, steps: list[Request]) -> bool:
    return _played(policy, json.dumps(steps))[1]


def test_there_are_good_and_bad_requests():
    cases = recorded.cases()
    assert (sum(case.allowed for case in cases), sum(not case.allowed for case in cases)) == (22, 137)


def test_a_workloads_policy_allows_each_good_request_and_refuses_each_attack():
    wrong = [case.name for case in recorded.cases() if allowed(WORKLOAD, case.steps) != case.allowed]
    assert wrong == []


def test_a_profile_allows_each_good_request_and_those_attacks_alone_that_it_cannot_know():
    wrong = [case.name for case in recorded.cases() if allowed(HARDENED, case.steps) != case.allowed]
    assert set(wrong) == recorded.BEYOND_PROFILES


@pytest.mark.parametrize("run", recorded.HONEST)
@pytest.mark.parametrize("policy", [WORKLOAD, HARDENED], ids=["workload", "hardened"])
def test_a_recorded_pod_lives(run, policy):
    session = Session(policy)
    assert [request.name for request in recorded.run(run) if not session.ask(*request)] == []


def test_a_pod_with_volumes_lives_under_a_profile_and_the_policy_that_knows_them():
    for policy in (HARDENED, render_workload(recorded.VOLUMES)):
        session = Session(policy)
        assert [request.name for request in recorded.run("volumes") if not session.ask(*request)] == []
    session = Session(WORKLOAD)
    assert not all(session.ask(*request) for request in recorded.run("volumes"))


def test_an_image_that_the_node_names_by_tag_is_refused_by_a_workload():
    session = Session(WORKLOAD)
    refused = [request.name for request in recorded.run("tagged-too") if not session.ask(*request)]
    assert refused.count("CreateContainerRequest") == 2
