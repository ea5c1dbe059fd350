"""What profiles grant, confine and refuse, judged by regopy with the state that the agent keeps."""

import shlex
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.policy import agent_policy, engine, powers
from model.policy.agent_policy import AgentSettings, PolicyError
from model.policy.engine import Session
from model.policy.requests import FAILS_OPEN, REQUESTS, TABLE, Grant
from tests.model.policy import attacks, life, shop

HARDENED = AgentSettings()
DEBUG = AgentSettings(exec=True, read_logs=True, write_stdin=True)
STATUS = "curl -s http://127.0.0.1:8006/cdh/resource/default/attestation-status/status"
LISTED = AgentSettings(exec_commands=(STATUS, """sh -c 'echo "a \\ b" é'"""))
ALL = pytest.mark.parametrize("settings", [HARDENED, DEBUG, LISTED], ids=["hardened", "debug", "listed"])
POD, WEB = shop.POD, shop.WEB

words = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12)


def started(policy: str) -> Session:
    """With the whole pod created."""
    session = Session(policy)
    for request in life.start(POD):
        assert session.ask(*request), request.input
    return session


def exec_allowed(policy: str, *args: str) -> bool:
    return started(policy).ask(*life.execute(POD, WEB, list(args)))


@ALL
def test_policies_are_what_reviewers_saw(settings, snapshot):
    # Any other byte is another PCR8: every running pod would have to roll.
    assert agent_policy.render(settings) == snapshot


def test_the_table_names_the_41_requests_of_the_protocol():
    assert len(REQUESTS) == 41
    assert not any(name.startswith(("PullImage", "StartTracing", "StopTracing")) for name in REQUESTS)


@ALL
def test_each_request_is_answered_as_the_table_says(settings):
    answers = engine.answers(agent_policy.render(settings))
    assert answers is not None
    for name, (grant, _) in TABLE.items():
        if grant is Grant.ALWAYS:
            assert answers[name] is True, name
        elif grant is not Grant.SETTING:
            assert answers[name] is False, name
    assert answers[FAILS_OPEN] is False


@pytest.mark.parametrize("name", sorted(name for name, (grant, _) in TABLE.items() if grant is Grant.NEVER))
def test_what_is_never_granted_has_no_rule_but_its_default(name):
    policies = [agent_policy.render(each) for each in (HARDENED, DEBUG, LISTED)]
    assert all(policy.count(name) == policy.count(f"default {name} := false") == 1 for policy in policies)


def test_hardened_gives_the_owner_of_the_cluster_no_power_over_the_pod():
    session = started(agent_policy.render(HARDENED))
    assert not session.ask(*life.execute(POD, WEB, ["sh"]))
    for request in ("ReadStreamRequest", "WriteStreamRequest", "SetPolicyRequest"):
        assert not session.ask(request, {})


@ALL
def test_a_pod_starts_under_every_policy(settings):
    started(agent_policy.render(settings))


@pytest.mark.parametrize("grants", list(product((False, True), repeat=3)), ids=str)
def test_logs_input_and_another_policy_are_granted_as_set(grants):
    read_logs, write_stdin, set_policy = grants
    policy = agent_policy.render(
        AgentSettings(read_logs=read_logs, write_stdin=write_stdin, set_policy=set_policy)
    )
    session = Session(policy)
    assert session.ask("ReadStreamRequest", {}) == read_logs
    assert session.ask("SetPolicyRequest", {}) == set_policy
    for request in ("WriteStreamRequest", "CloseStdinRequest", "TtyWinResizeRequest"):
        assert session.ask(request, {}) == write_stdin


def test_only_the_listed_command_runs_and_only_word_for_word():
    session = started(agent_policy.render(LISTED))
    url = STATUS.split()[2]

    def allowed(*args: str) -> bool:
        return session.ask(*life.execute(POD, WEB, list(args)))

    assert allowed("curl", "-s", url)
    assert allowed("sh", "-c", 'echo "a \\ b" é')
    for other in (
        ("curl", "-s"),
        ("curl", "-s", url, "-o/x"),
        ("curl -s", url),
        (STATUS,),
        ("sh", "-c", "echo"),
        (),
    ):
        assert not allowed(*other), other
    assert not exec_allowed(agent_policy.render(HARDENED), "curl", "-s", url)
    assert exec_allowed(agent_policy.render(DEBUG), "sh", "-c", "anything")


@pytest.mark.parametrize("settings", [DEBUG, AgentSettings(exec_commands=("/app/status --json",))], ids=str)
def test_a_command_runs_as_its_container_does_and_in_no_way_else(settings):
    policy = agent_policy.render(settings)
    session = started(policy)
    assert session.ask(*life.execute(POD, WEB, shop.COMMAND))
    # What a command is, and in which container, only a workload's policy or a list can say.
    free = {"another command", "the command with one more argument", "the command's words otherwise split"}
    other = [case for case in attacks.attacks() if case.name.startswith("command: ")]
    let_in = {
        case.name.removeprefix("command: ").partition(",")[0]
        for case in other
        if session.ask(*case.steps[-1])
    }
    assert let_in == {"another container's"} | (free if settings.exec else set())


@settings(max_examples=10, deadline=None)
@given(command=st.lists(words, min_size=1, max_size=4), other=st.lists(words, max_size=4))
def test_a_command_of_any_words_is_allowed_and_no_other_is(command, other):
    session = started(agent_policy.render(AgentSettings(exec_commands=(shlex.join(command),))))
    assert session.ask(*life.execute(POD, WEB, command))
    assert session.ask(*life.execute(POD, WEB, other)) == (other == command)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (AgentSettings(exec=True, exec_commands=("ls",)), "any command and lists some"),
        (AgentSettings(exec_commands=("echo 'a",)), "not in shell quoting"),
        (AgentSettings(exec_commands=("  ",)), "is empty"),
        (AgentSettings(exec_commands=("echo \ud800",)), "half a surrogate pair"),
        (AgentSettings(exec_commands=("echo " + "x" * 70_000,)), "the agent reads 61440"),
    ],
)
def test_settings_that_contradict_or_cannot_be_exact_are_refused(settings, sentence):
    with pytest.raises(PolicyError, match=sentence):
        agent_policy.render(settings)


def test_a_policy_from_outside_is_taken_as_it_is():
    policy = "# reviewed by us\n" + agent_policy.render(HARDENED) + "\n\n"
    assert agent_policy.custom(policy) == policy


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("package agent_policy\nrule {", "not valid Rego: this is unclosed"),
        ("hello", "no rules in `package agent_policy`"),
        ("package policy\n\ndefault ExecProcessRequest := false\n", "no rules in `package agent_policy`"),
        (agent_policy.render(HARDENED) + "\nx if nosuch(1)\n", "Function not found: nosuch"),
        (agent_policy.render(HARDENED) + "\nx := 1\n\nx := 2\n", "two of its rules"),
        (
            agent_policy.render(HARDENED).replace("SetPolicyRequest := false", 'SetPolicyRequest := "no"'),
            "answers SetPolicyRequest with neither true nor false",
        ),
        ("package agent_policy\n\nallowed := false\n", "answers nothing that the agent asks"),
        (agent_policy.render(HARDENED) + "#" * agent_policy.MAX_BYTES, "no initdata takes more than 262144"),
    ],
)
def test_a_policy_that_the_agent_could_not_use_is_refused(policy, sentence):
    with pytest.raises(PolicyError, match=sentence):
        agent_policy.custom(policy)


# As upstream's genpolicy writes them: the older form with `=` and prints, the newer one with state and pairs.
OLDER = """package agent_policy
import future.keywords.in
import future.keywords.every
default CreateContainerRequest := false
default ExecProcessRequest := false
ExecProcessRequest {
    print("ExecProcessRequest 1: input =", input)
    input.process.Args == ["true"]
}
"""
NEWER = """package agent_policy
import future.keywords.in
import future.keywords.if
default CreateContainerRequest := {"allowed": false, "ops": []}
CreateContainerRequest := {"allowed": true, "ops": []} if {
    print("CreateContainerRequest: true")
    suffixes := [suffix |
        some key, _ in input.annotations
        suffix := trim_prefix(key, "vendor/")
    ]
    some index, suffix in suffixes
    suffix == "good"
    index == 0
}
"""


@pytest.mark.parametrize("policy", [OLDER, NEWER])
def test_policies_of_upstreams_generator_are_taken_and_what_they_leave_out_is_known(policy, capfd):
    assert agent_policy.custom(policy) == policy
    silent = agent_policy.unanswered(policy)
    assert "SetPolicyRequest" in silent
    assert "CreateContainerRequest" not in silent
    assert not Session(policy).ask("SetPolicyRequest", {})
    assert capfd.readouterr().out == ""


def test_pairs_and_prints_of_a_policy_are_evaluated_as_they_are_meant(capfd):
    session = Session(NEWER)
    assert session.ask("CreateContainerRequest", {"annotations": {"vendor/good": "1"}})
    assert not session.ask("CreateContainerRequest", {"annotations": {"vendor/bad": "1"}})
    assert capfd.readouterr().out == ""


# The guest's engine evaluates this, regopy does not: a rule of upstream's present generator in small.
ONLY_IN_THE_GUEST = """package agent_policy
import future.keywords.in
default CreateContainerRequest := false
default SetPolicyRequest := false
matches(i, j) := i { i == j }
CreateContainerRequest {
    found := { p | some i; p = matches(input.mounts[i], input.storages[i]) }
    count(found) > 0
}
"""


def test_a_policy_that_only_the_guest_can_evaluate_is_taken_and_counts_as_granting_everything():
    assert agent_policy.custom(ONLY_IN_THE_GUEST) == ONLY_IN_THE_GUEST
    silent = agent_policy.unanswered(ONLY_IN_THE_GUEST)
    assert "ExecProcessRequest" in silent
    assert "SetPolicyRequest" not in silent
    assert not agent_policy.readable(ONLY_IN_THE_GUEST)
    assert agent_policy.readable(agent_policy.render(HARDENED))
    held = powers.of(ONLY_IN_THE_GUEST)
    assert held.full
    assert held.other_image


def test_a_policy_that_fails_open_obeys_what_it_refuses():
    policy = agent_policy.render(HARDENED).replace(f"{FAILS_OPEN} := false", f"{FAILS_OPEN} := true")
    assert Session(policy).ask("SetPolicyRequest", {})


@pytest.mark.parametrize(
    "operation", ['"op": "remove", "path": "/pstate/x"', '"op": "add", "path": "/x/y", "value": 1']
)
def test_state_that_the_model_of_the_agent_does_not_keep_is_an_error(operation):
    rule = f'\nSetPolicyRequest := {{"allowed": true, "ops": [{{{operation}}}]}} if input.x == 1\n'
    with pytest.raises(PolicyError, match="changes its state by"):
        Session(agent_policy.render(HARDENED) + rule).ask("SetPolicyRequest", {"x": 1})
