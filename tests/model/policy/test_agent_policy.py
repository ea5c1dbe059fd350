import shlex
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.policy import agent_policy
from model.policy.agent_policy import AgentSettings, PolicyError, Powers
from tests.rego import evaluate

HARDENED = AgentSettings()
DEBUG = AgentSettings(exec=True, read_logs=True, write_stdin=True)
STATUS = "curl -s http://127.0.0.1:8006/cdh/resource/default/attestation-status/status"
LISTED = AgentSettings(exec_commands=(STATUS, """sh -c 'echo "a \\ b" é'"""))

words = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)


def allowed(policy: str, request: str, **fields) -> bool:
    return evaluate(policy, f"data.agent_policy.{request}Request", input=fields) is True


def exec_allowed(policy: str, *args: str) -> bool:
    return allowed(policy, "ExecProcess", process={"Args": list(args)})


@pytest.mark.parametrize("settings", [HARDENED, DEBUG, LISTED], ids=["hardened", "debug", "listed"])
def test_policies_are_what_reviewers_saw(settings, snapshot):
    # Any other byte is another PCR8: every running pod would have to roll.
    assert agent_policy.render(settings) == snapshot


def test_hardened_gives_the_owner_of_the_cluster_no_power_over_the_pod():
    policy = agent_policy.render(HARDENED)
    assert agent_policy.powers(policy) == Powers(
        exec="none", read_logs=False, write_stdin=False, set_policy=False
    )
    for request in ("ExecProcess", "ReadStream", "WriteStream", "SetPolicy"):
        assert not allowed(policy, request, process={"Args": ["sh"]})


def test_debug_allows_exec_logs_and_input_but_no_other_policy():
    policy = agent_policy.render(DEBUG)
    assert agent_policy.powers(policy) == Powers(
        exec="any", read_logs=True, write_stdin=True, set_policy=False
    )
    assert exec_allowed(policy, "sh", "-c", "anything")


@pytest.mark.parametrize("settings", [HARDENED, DEBUG, LISTED], ids=["hardened", "debug", "listed"])
def test_a_pod_starts_under_every_policy(settings):
    policy = agent_policy.render(settings)
    answers = evaluate(policy, "data.agent_policy", input={})
    assert set(agent_policy.REQUESTS) <= set(answers)
    powers = {f"{name}Request" for name in ("ExecProcess", "ReadStream", "SetPolicy", "WriteStream")}
    assert all(answers[request] is True for request in agent_policy.REQUESTS if request not in powers)


def test_the_agent_asks_for_36_requests():
    assert len(set(agent_policy.REQUESTS)) == 36


def test_only_the_listed_command_runs_and_only_word_for_word():
    policy = agent_policy.render(LISTED)
    url = STATUS.split()[2]
    assert exec_allowed(policy, "curl", "-s", url)
    assert exec_allowed(policy, "sh", "-c", 'echo "a \\ b" é')
    for other in (
        ("curl", "-s"),
        ("curl", "-s", url, "-o/x"),
        ("curl -s", url),
        (STATUS,),
        ("sh", "-c", "echo"),
        (),
    ):
        assert not exec_allowed(policy, *other), other
    assert not allowed(policy, "ExecProcess")


def test_powers_name_the_listed_commands():
    assert (
        agent_policy.powers(agent_policy.render(LISTED)).exec == f"only: {STATUS}; {LISTED.exec_commands[1]}"
    )


@settings(max_examples=40, deadline=None)
@given(command=st.lists(words, min_size=1, max_size=4), other=st.lists(words, max_size=4))
def test_a_command_of_any_words_is_allowed_and_no_other_is(command, other):
    policy = agent_policy.render(AgentSettings(exec_commands=(shlex.join(command),)))
    assert exec_allowed(policy, *command)
    assert exec_allowed(policy, *other) == (other == command)


@pytest.mark.parametrize("grants", list(product((False, True), repeat=4)), ids=str)
def test_powers_are_what_the_settings_granted(grants):
    exec_, read_logs, write_stdin, set_policy = grants
    settings = AgentSettings(exec=exec_, read_logs=read_logs, write_stdin=write_stdin, set_policy=set_policy)
    policy = agent_policy.render(settings)
    assert policy == agent_policy.render(settings)
    assert agent_policy.powers(policy) == Powers(
        exec="any" if exec_ else "none", read_logs=read_logs, write_stdin=write_stdin, set_policy=set_policy
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (AgentSettings(exec=True, exec_commands=("ls",)), "any command and lists some"),
        (AgentSettings(exec_commands=("echo 'a",)), "not in shell quoting"),
        (AgentSettings(exec_commands=("  ",)), "is empty"),
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
            agent_policy.render(HARDENED).replace("default SetPolicyRequest := false", ""),
            "true or false for SetPolicyRequest",
        ),
        (
            agent_policy.render(HARDENED).replace("SetPolicyRequest := false", 'SetPolicyRequest := "no"'),
            "SetPolicyRequest",
        ),
        (agent_policy.render(HARDENED) + "#" * agent_policy.MAX_BYTES, "no initdata takes more than 262144"),
    ],
)
def test_a_policy_that_the_agent_could_not_use_is_refused(policy, sentence):
    with pytest.raises(PolicyError, match=sentence):
        agent_policy.custom(policy)


def test_powers_of_a_text_that_is_no_policy_are_not_guessed():
    with pytest.raises(PolicyError, match="not valid Rego"):
        agent_policy.powers("package agent_policy\nrule {")


def test_a_power_under_a_condition_counts_as_granted():
    policy = agent_policy.render(HARDENED) + '\nReadStreamRequest if input.container_id == "sidecar"\n'
    assert agent_policy.powers(policy).read_logs


def test_commands_allowed_besides_the_list_are_not_hidden():
    more = '\nExecProcessRequest if input.process.Args[0] == "sh"\n'
    assert agent_policy.powers(agent_policy.render(LISTED) + more).exec.endswith(
        "; what its own conditions allow"
    )
    assert (
        agent_policy.powers(agent_policy.render(HARDENED) + more).exec
        == "only: what its own conditions allow"
    )


def test_lists_of_joined_commands_as_the_validated_pattern_writes_them_are_understood():
    policy = agent_policy.render(HARDENED) + (
        f'\npolicy_data := {{"allowed_commands": ["{STATUS}"]}}\n'
        "\nExecProcessRequest if {\n"
        '\tconcat(" ", input.process.Args) == policy_data.allowed_commands[_]\n'
        "}\n"
    )
    assert (
        agent_policy.powers(agent_policy.custom(policy)).exec
        == f"only: {STATUS}; what its own conditions allow"
    )


def test_comments_and_texts_grant_nothing():
    policy = agent_policy.render(HARDENED) + '\n# ReadStreamRequest is off\nwhy := "ReadStreamRequest"\n'
    assert not agent_policy.powers(policy).read_logs
