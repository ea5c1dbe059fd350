import pytest

from sandbox.guest import requests
from sandbox.guest.agent import Agent, PolicyUnusable
from sandbox.guest.patch import PatchError, patched
from sandbox.guest.regopy_engine import Regopy
from sandbox.guest.requests import AgentRequest
from sandbox.tests.guest import pods, recorded
from sandbox.tests.guest.policies import ONCE, OPEN, policy
from sandbox.tests.guest.recorded import EVIDENCE, needs_evidence

ENGINE = Regopy()
START = requests.start(pods.kbs_access(), pods.images, pods.NODE)
SANDBOX = AgentRequest("CreateSandboxRequest", {"sandbox_id": "a"})


def play(text):
    return Agent(text, ENGINE).play(START)


def refusal_of(text):
    found = play(text)
    assert found is not None
    return found


def test_a_pod_starts_where_all_is_allowed():
    assert play(OPEN) is None


def test_the_first_refusal_is_told_as_the_kubelet_tells_it():
    refusal = refusal_of(policy(CopyFile=False))
    assert (
        str(refusal) == 'rpc error: code = PermissionDenied desc = "CopyFileRequest is blocked by policy: "'
    )
    assert refusal.at == 2
    assert refusal.request.input["path"].endswith("-resolv.conf")


def test_a_rule_that_is_missing_refuses():
    assert refusal_of(policy(CreateSandbox=None)).request.endpoint == "CreateSandboxRequest"


@pytest.mark.parametrize("answer", ['"yes"', "1", '{"allowed": "true"}', '{"allowed": false}', "{}"])
def test_only_true_allows(answer):
    assert play(policy(f"CreateSandboxRequest := {answer}", CreateSandbox=None)) is not None


def test_two_rules_with_different_values_refuse():
    rules = ("CreateSandboxRequest := true", "CreateSandboxRequest := false")
    assert play(policy(*rules, CreateSandbox=None)) is not None


def test_the_state_lasts_from_request_to_request_and_not_from_guest_to_guest():
    agent = Agent(ONCE, ENGINE)
    assert agent.allows(SANDBOX)
    assert not agent.allows(SANDBOX)
    assert Agent(ONCE, ENGINE).allows(SANDBOX)


def test_a_refused_request_leaves_the_state_alone():
    refusing = ONCE.replace('{"allowed": true, "ops"', '{"allowed": input.sandbox_id == "a", "ops"')
    agent = Agent(refusing, ENGINE)
    assert not agent.allows(AgentRequest("CreateSandboxRequest", {"sandbox_id": "b"}))
    assert agent.allows(SANDBOX)


def test_operations_that_do_not_fit_the_state_refuse():
    assert not Agent(ONCE.replace("/pstate/sandbox", "/pstate/none/sandbox"), ENGINE).allows(SANDBOX)


def test_a_policy_that_fails_open_refuses_nothing():
    assert play(policy("default AllowRequestsFailingPolicy := true", CreateContainer=False)) is None
    assert play(policy("default AllowRequestsFailingPolicy := false", CreateContainer=False)) is not None


def test_a_pod_lives_without_its_output_and_its_termination_message():
    assert play(policy(ReadStream=False, GetDiagnosticData=None)) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("package agent_policy\nrule {", "not valid Rego"),
        ("package other\nx := 1\n", "no rules in `package agent_policy`"),
        (f"{OPEN}#{'x' * 262144}", "more than 262144 bytes"),
    ],
)
def test_a_text_that_is_no_policy_is_refused(text, sentence):
    with pytest.raises(PolicyUnusable, match=sentence):
        ENGINE(text)


@needs_evidence
@pytest.mark.integration
def test_the_candidate_answers_every_recorded_case_as_the_real_engine_did():
    text = (EVIDENCE / "candidate-policy.rego").read_text("utf-8")
    wrong = []
    for name, good, steps in recorded.cases():
        agent = Agent(text, ENGINE)
        if [agent.allows(step) for step in steps][-1] != good:
            wrong.append(name)
    assert wrong == []


@needs_evidence
def test_a_policy_that_pins_the_recorded_pod_lets_the_model_of_it_start():
    assert play((EVIDENCE / "candidate-policy.rego").read_text("utf-8")) is None


def test_patches_change_a_copy():
    document = {"a": [1, 2], "b/c": {"d": 1}}
    operations = [
        {"op": "add", "path": "/a/1", "value": 5},
        {"op": "add", "path": "/a/-", "value": 6},
        {"op": "replace", "path": "/b~1c/d", "value": 2},
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "remove", "path": "/a/0"},
    ]
    assert patched(document, operations) == {"a": [5, 2, 6], "b/c": {"d": 2}}
    assert document == {"a": [1, 2], "b/c": {"d": 1}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "remove", "path": "/a/7"},
        {"op": "test", "path": "/a/0", "value": 3},
        {"op": "move", "path": "/a/0", "from": "/a/1"},
    ],
)
def test_patches_that_do_not_fit_are_refused(operation):
    with pytest.raises(PatchError, match="cannot be applied"):
        patched({"a": [1]}, [operation])
