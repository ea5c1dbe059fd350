"""What the policy of a workload pins, judged by regopy with the state that the agent keeps."""

import base64
import gzip
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.policy.compose import PolicyError
from model.policy.engine import Session
from model.policy.pins import ContainerPins, MountPins, PodPins
from model.policy.workload_policy import for_spoke, read_workload, render_workload
from tests.model.policy import attacks, life, recorded, shop

POD = shop.POD
POLICY = render_workload(POD)
texts = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=20)


def refusal(policy: str, case: recorded.Case) -> bool:
    session = Session(policy)
    *before, last = case.steps
    for request in before:
        assert session.ask(*request), f"{case.name}: {request.name} came before and was refused"
    return not session.ask(*last)


def one_container(**fields: object) -> PodPins:
    container: dict[str, object] = {
        "name": "web",
        "init": False,
        "digest": shop.DIGESTS[0],
        "arguments": ("/app",),
        "working_directory": "/",
        "environment": (),
    }
    return PodPins(workload="one", containers=(ContainerPins(**{**container, **fields}),))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("case", attacks.good(), ids=lambda case: case.name)
def test_the_pod_as_its_owner_wrote_it_runs(case):
    assert not refusal(POLICY, case)


@pytest.mark.parametrize("case", attacks.attacks(), ids=lambda case: case.name)
def test_nothing_else_runs(case):
    assert refusal(POLICY, case)


def test_logs_are_read_only_where_the_owner_says_so():
    assert not Session(POLICY).ask("ReadStreamRequest", {})
    assert Session(render_workload(replace(POD, read_logs=True))).ask("ReadStreamRequest", {})


def test_two_init_containers_of_one_text_do_not_stop_the_pod():
    first = replace(POD.containers[0], name="first", mounts=())
    pod = replace(POD, containers=(first, replace(first, name="second"), POD.containers[2]))
    session = Session(render_workload(pod))
    assert all(session.ask(*request) for request in life.start(pod))


def test_the_policy_is_what_reviewers_saw(snapshot):
    assert snapshot == POLICY


def test_pins_come_back_from_the_policy():
    policy = for_spoke(f"# profile shop\n{POLICY}", "prod-spoke-eastus-1")
    pins = read_workload(policy)
    assert pins is not None
    assert for_spoke(render_workload(pins), "x") == for_spoke(POLICY, "x")
    assert [one.exec_commands for one in pins.containers] == [one.exec_commands for one in POD.containers]
    assert read_workload(POLICY.replace("process.Cwd == wanted.cwd", "true")) is None


def test_a_spokes_name_is_part_of_what_is_measured():
    assert for_spoke(POLICY, "dev-spoke").startswith("# spoke dev-spoke\n")
    assert for_spoke(POLICY, "dev-spoke") != for_spoke(POLICY, "prod-spoke")
    assert len(for_spoke(POLICY, "dev-spoke").splitlines()) == len(POLICY.splitlines())


@pytest.mark.parametrize("spoke", ["", "a\nb", "<spoke>", "Spoke", "-a", "a-", "x" * 101])
def test_a_name_that_no_spoke_has_is_refused(spoke):
    with pytest.raises(PolicyError, match="cannot be measured"):
        for_spoke(POLICY, spoke)


@pytest.mark.parametrize(("text", "places"), [("package agent_policy\n", 0), (POLICY + POLICY, 2)])
def test_a_text_without_one_place_for_the_name_is_refused(text, places):
    with pytest.raises(PolicyError, match=f"has {places} places"):
        for_spoke(text, "dev-spoke")


CONTAINER = POD.containers[1]
VOLUME = MountPins(path="/data", volume="data", kind="memory", read_only=False)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "pause"}, "DNS label and not pause"),
        ({"name": "a/b"}, "DNS label"),
        ({"digest": "latest"}, "must be sha256:"),
        ({"arguments": ()}, "has no arguments"),
        ({"working_directory": "app"}, "must be absolute"),
        ({"user": 0}, "user 0"),
        ({"init": True}, "no container besides init containers"),
        ({"environment": (("A", "1"), ("A", "2"))}, "variable A is set twice"),
        ({"environment": (("A", "1"),), "environment_patterns": (("A", ".*"),)}, "variable A is set twice"),
        ({"environment": (("A=B", "1"),)}, "no name of a variable"),
        ({"environment_patterns": (("A", "x)|(.*"),)}, "is no regular expression"),
        ({"environment_patterns": (("A", "("),)}, "is no regular expression"),
        ({"exec_commands": ((),)}, "a listed command is empty"),
        ({"mounts": (replace(VOLUME, path="/a/../b"),)}, "without '.', '..'"),
        ({"mounts": (replace(VOLUME, path="/"),)}, "must be absolute"),
        ({"mounts": (replace(VOLUME, path="/copy:x"),)}, "without '.', '..', ':'"),
        ({"mounts": (replace(VOLUME, volume="a/b"),)}, "must be a DNS label"),
        ({"mounts": (replace(VOLUME, sub_path="x"),)}, "subPath below /data"),
        ({"mounts": (VOLUME, replace(VOLUME, volume="other"))}, "/data is mounted twice"),
        ({"mounts": (replace(VOLUME, kind="secret", path="/x/hosts"),)}, "must not end in hosts"),
        ({"arguments": ("\ud800",)}, "half a surrogate pair"),
        ({"arguments": ("x" * 70_000,)}, "the agent reads 61440"),
    ],
)
def test_what_cannot_be_pinned_is_refused_with_a_sentence(fields, sentence):
    with pytest.raises(PolicyError, match=sentence):
        render_workload(one_container(**fields))


def test_all_mistakes_are_said_at_once():
    pod = replace(POD, containers=(replace(CONTAINER, digest="x", user=0), replace(CONTAINER, init=True)))
    with pytest.raises(PolicyError) as caught:
        render_workload(pod)
    for sentence in ("named web", "Init containers must come before", "must be sha256", "user 0"):
        assert sentence in str(caught.value)


@settings(max_examples=10, deadline=None)
@given(arguments=st.lists(texts, min_size=1, max_size=3), value=texts, other=texts)
def test_no_text_of_a_user_breaks_out_of_its_string(arguments, value, other):
    pod = one_container(
        arguments=tuple(arguments), environment=(("A", value),), exec_commands=((*arguments,),)
    )
    policy = render_workload(pod)
    session = Session(policy)
    assert all(session.ask(*request) for request in life.start(pod))
    again = life.container(pod, 0, "ab" * 32)
    again.input["OCI"]["Process"]["Args"] = [*arguments[:-1], other]
    assert session.ask(*again) == (other == arguments[-1])
    assert read_workload(policy) is not None


@given(value=texts)
def test_the_same_pins_give_the_same_bytes_in_lines_that_rego_takes(value):
    pod = one_container(environment=(("A", value),))
    policy = render_workload(pod)
    assert policy == render_workload(replace(pod))
    assert max(len(line) for line in policy.split("\n")) < 1024


def test_five_containers_are_rendered_within_50_milliseconds_and_12_kibibytes():
    containers = tuple(replace(CONTAINER, name=f"web-{number}") for number in range(5))
    render_workload(POD)
    start = time.perf_counter()
    policy = render_workload(replace(POD, containers=containers))
    assert time.perf_counter() - start < 0.05
    assert len(base64.b64encode(gzip.compress(policy.encode()))) < 12 * 1024
    assert len(base64.b64encode(gzip.compress(render_workload(recorded.PINS).encode()))) < 12 * 1024
