"""Real kata agents, in guests of the sandbox: what their policy refuses is refused and changes nothing, what it allows is carried out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.guest.agent import PolicyUnusable
from sandbox.guest.api import (
    CATALOGUE,
    LINES,
    Agent,
    AgentLine,
    AgentRequest,
    Node,
    PolicyEngine,
    put_to,
    start,
)
from sandbox.guest.patch import patched
from sandbox.guest.real import judge, wire
from sandbox.guest.real.ttrpc import PERMISSION_DENIED, Client
from sandbox.tests.guest import pods, policies

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=LINES)
def line(request: pytest.FixtureRequest) -> AgentLine:
    if reason := judge.unavailable(request.param):
        pytest.skip(reason)
    return request.param


@pytest.fixture(scope="module")
def engine(line: AgentLine) -> Iterator[PolicyEngine]:
    with judge.agents([line]) as [engine]:
        yield engine


@pytest.fixture
def honest(line: AgentLine) -> list[AgentRequest]:
    return start(pods.kbs_access(), pods.images, Node(agent=line))


def test_it_says_its_release(line: AgentLine) -> None:
    with booted(line, policies.OPEN) as client:
        status = client.begin(wire.SERVICE, "GetGuestDetails", b"").result(20)
    details = wire.answer("GetGuestDetails", status.payload)
    assert status.code == 0
    assert str(details.agent_details.version).startswith(f"{line}.")
    assert "agent-policy" in details.agent_details.extra_features, "it was built without a policy"


def test_a_sandbox_and_its_first_container_really_run(line: AgentLine, honest: list[AgentRequest]) -> None:
    upto = next(at for at, one in enumerate(honest) if one.endpoint == "StartContainerRequest") + 1
    with booted(line, policies.OPEN) as client:
        for given in honest[:upto]:
            # Some machines do not let root lower a score, and that is none of the agent's business here.
            score = [{"op": "replace", "path": "/OCI/Process/OOMScoreAdj", "value": 0}]
            request = AgentRequest(
                given.endpoint, patched(given.input, score if "OCI" in given.input else [])
            )
            status = client.begin(wire.SERVICE, *wire.call(request)).result(30)
            assert (status.code, status.message) == (0, ""), request.endpoint
        # It waits for ever, and ends when it is killed.
        identifier = honest[upto - 1].input["container_id"]
        asked = AgentRequest("WaitProcessRequest", {"container_id": identifier, "exec_id": identifier})
        waiting = client.begin(wire.SERVICE, *wire.call(asked))
        time.sleep(0.5)
        assert not waiting.done()
        killed = AgentRequest(
            "SignalProcessRequest", {"container_id": identifier, "exec_id": "", "signal": 9}
        )
        assert client.begin(wire.SERVICE, *wire.call(killed)).result(20).code == 0
        assert wire.answer("WaitProcess", waiting.result(20).payload).status == 9


def test_what_the_policy_refuses_is_refused_with_the_code_of_the_policy(line: AgentLine) -> None:
    with booted(line, policies.policy(SetGuestDateTime=False)) as client:
        asked = AgentRequest("SetGuestDateTimeRequest", {"Sec": 1, "Usec": 0})
        status = client.begin(wire.SERVICE, *wire.call(asked)).result(20)
    assert status.code == PERMISSION_DENIED
    assert "SetGuestDateTimeRequest is blocked by policy" in status.message


def test_an_agent_whose_policy_allowed_it_could_not_set_this_machine_s_clock(line: AgentLine) -> None:
    before = time.time()
    with booted(line, policies.OPEN) as client:
        asked = AgentRequest("SetGuestDateTimeRequest", {"Sec": 1, "Usec": 0})
        status = client.begin(wire.SERVICE, *wire.call(asked)).result(20)
    assert status.code not in (0, PERMISSION_DENIED)
    assert time.time() >= before


def test_the_policy_s_state_lives_in_the_agent(engine: PolicyEngine, honest: list[AgentRequest]) -> None:
    agent = Agent(policies.ONCE, engine)
    assert agent.allows(honest[0])
    assert not agent.allows(honest[0])


def test_a_policy_that_it_cannot_read_stops_it(engine: PolicyEngine) -> None:
    with pytest.raises(PolicyUnusable, match="the agent does not start with it"):
        Agent("package agent_policy\n\nCreateSandboxRequest if {", engine)


def test_the_catalogue_is_judged_as_the_model_judges_it(
    engine: PolicyEngine, line: AgentLine, honest: list[AgentRequest]
) -> None:
    policy = policies.exactly(honest)
    assert Agent(policy, engine).play(honest) is None
    outcomes = {one.attack.name: one for one in put_to(policy, engine, honest, CATALOGUE)}
    assert sum(one.tried for one in outcomes.values()) > 200
    assert {name: one.through for name, one in outcomes.items() if one.through} == {}


@contextmanager
def booted(line: AgentLine, policy: str) -> Iterator[Client]:
    """A client of a fresh agent."""
    with judge.alone(policy, line) as (_, client):
        yield client
