"""What is said of a policy's powers: never less than it grants."""

from itertools import product

import pytest

from model.policy import agent_policy, powers
from model.policy.agent_policy import AgentSettings, PolicyError
from model.policy.powers import Powers
from model.policy.workload_policy import for_spoke, render_workload
from tests.model.policy import shop

HARDENED = agent_policy.render(AgentSettings())
WORKLOAD = render_workload(shop.POD)


@pytest.mark.parametrize("grants", list(product((False, True), repeat=4)), ids=str)
def test_powers_are_what_the_settings_granted(grants):
    exec_, read_logs, write_stdin, set_policy = grants
    settings = AgentSettings(exec=exec_, read_logs=read_logs, write_stdin=write_stdin, set_policy=set_policy)
    assert powers.of("# profile x\n" + agent_policy.render(settings)) == Powers(
        exec="any" if exec_ else "none",
        read_logs=read_logs,
        write_stdin=write_stdin,
        set_policy=set_policy,
        fails_open=False,
        other_image=True,
        other_command=True,
        extra_environment=True,
        mount_over_files=True,
        replace_files=False,
    )
    assert powers.of(agent_policy.render(settings)).full == (exec_ or set_policy)


def test_powers_name_the_listed_commands():
    lines = ("/app/status --json", "cat '/etc/os release'")
    held = powers.of(agent_policy.render(AgentSettings(exec_commands=lines)))
    assert held.exec == "only: /app/status --json; cat '/etc/os release'"
    assert not held.full


@pytest.mark.parametrize(
    "command",
    [
        "sh -c id",
        "/bin/bash",
        "python3.12 -m http.server",
        "/usr/bin/env x",
        "busybox",
        "nsenter -t 1",
        "gawk x",
    ],
)
def test_a_listed_shell_or_interpreter_is_full_power(command):
    assert powers.of(agent_policy.render(AgentSettings(exec_commands=(command,)))).full


def test_listed_commands_with_input_are_full_power():
    assert not powers.of(agent_policy.render(AgentSettings(write_stdin=True))).full
    assert powers.of(agent_policy.render(AgentSettings(exec_commands=("cat",), write_stdin=True))).full


@pytest.mark.parametrize(
    "rule", ["AllowRequestsFailingPolicy := true", 'AllowRequestsFailingPolicy if input.x == "y"']
)
def test_a_policy_that_can_fail_open_has_every_power(rule):
    fails = HARDENED.replace("default AllowRequestsFailingPolicy := false", rule)
    held = powers.of(fails)
    assert (held.full, held.fails_open, held.exec, held.set_policy, held.replace_files) == (
        True,
        True,
        "any",
        True,
        True,
    )
    assert not held.pinned


def test_a_workload_is_known_by_what_it_pins():
    held = powers.of(for_spoke(WORKLOAD, "dev-spoke"))
    assert held.pinned
    assert held.exec == "only: /app/status --json; /app/version; /helper status"
    assert not (held.full)
    assert not (held.read_logs)
    assert not (held.write_stdin)
    assert not (held.set_policy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("process.Args == wanted.args", "true"),
        ("@sha256:" + "b" * 64 + "$", ".*$"),
        ('"type": "container"', '"type": "sandbox"'),
        ("default SetPolicyRequest := false", "default SetPolicyRequest := true"),
        ('"^fsgid=5000$"', '".*"'),
        ("\npolicy_data := ", "\nCreateContainerRequest if input.x\n\npolicy_data := "),
        ("import future.keywords.in\n", "import future.keywords.in\n\nx := 1\n"),
    ],
)
def test_a_workload_whose_policy_was_touched_anywhere_counts_as_unpinned(old, new):
    touched = WORKLOAD.replace(old, new)
    assert touched != WORKLOAD
    assert not powers.pins(touched)


def test_no_profile_and_no_policy_of_ones_own_counts_as_pinned():
    assert not powers.pins(HARDENED)
    own = HARDENED + '\nCreateContainerRequest if input.OCI.Process.Args == ["/app"]\n'
    assert not powers.pins(own)


def test_a_policy_that_creates_nothing_pins():
    names = "\n".join(f"default {name} := false" for name in agent_policy.REQUESTS)
    held = powers.of(f"package agent_policy\n\n{names}\n")
    assert held.pinned
    assert not held.full


def test_powers_of_a_text_that_is_no_policy_are_not_guessed():
    with pytest.raises(PolicyError, match="not valid Rego"):
        powers.of("package agent_policy\nrule {")


def test_a_power_under_a_condition_counts_as_granted():
    policy = HARDENED + '\nReadStreamRequest if input.container_id == "sidecar"\n'
    assert powers.of(policy).read_logs


def test_commands_under_conditions_of_ones_own_are_full_power():
    held = powers.of(HARDENED + '\nExecProcessRequest if input.process.Args[0] == "sh"\n')
    assert held.exec == "only: what its own conditions allow"
    assert held.full


def test_lists_of_joined_commands_as_the_validated_pattern_writes_them_are_understood():
    policy = HARDENED + (
        '\npolicy_data := {"allowed_commands": ["curl -s http://127.0.0.1/x"]}\n'
        "\nExecProcessRequest if {\n"
        '\tconcat(" ", input.process.Args) == policy_data.allowed_commands[_]\n'
        "}\n"
    )
    assert powers.of(policy).exec == "only: curl -s http://127.0.0.1/x; what its own conditions allow"


def test_comments_and_texts_grant_nothing():
    policy = HARDENED + '\n# ReadStreamRequest is off\nwhy := "ReadStreamRequest"\n'
    assert not powers.of(policy).read_logs
