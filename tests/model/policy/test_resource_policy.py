from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.paths import ResourcePath, served
from model.policy import resource_policy
from model.policy.resource_policy import Release, ResourcePolicyError
from tests.model.attestation import evidence
from tests.rego import evaluate, released, token

GOOD = {"executables": 3, "hardware": 2, "configuration": 2}
HARDENED, PREVIOUS, DEBUG, STRANGER = ("1a" * 32, "1b" * 32, "2a" * 32, "3a" * 32)
RELEASES = (
    Release(path=served("kbsres1", "key1"), pcr8=(HARDENED, PREVIOUS), profiles=("hardened",)),
    Release(path=served("kbsres1", "key2"), pcr8=(HARDENED, DEBUG), profiles=("hardened", "debug")),
    Release(path=served("image-policy", "signed"), pcr8=(DEBUG,), profiles=("debug",)),
    Release(path=served("shelf", "key"), pcr8=()),
)
POLICY = resource_policy.render(RELEASES)
READERS = {release.path.parts: set(release.pcr8) for release in RELEASES}


def guest(pcr8: str, vector=GOOD, **claims):
    return token(vector, {**evidence.MILAN, "init_data": pcr8, **claims})


@pytest.mark.parametrize("trustee", ["1.0", "1.2"])
@pytest.mark.parametrize(
    ("pcr8", "path"),
    [
        *product((HARDENED, PREVIOUS, DEBUG, STRANGER, "0" * 64, ""), READERS),
        *product(
            (HARDENED,),
            [("default", "kbsres1"), ("default", "kbsres1", "key1", "more"), ("other", "kbsres1", "key1")],
        ),
        *product((HARDENED,), [("default", "kbsres1", "key3"), ("default", "kbsres2", "key1"), ()]),
    ],
)
def test_each_guest_reads_what_it_was_released_and_nothing_else(trustee, pcr8, path):
    expected = pcr8 in READERS.get(path, set())
    assert released(POLICY, path, guest(pcr8), trustee=trustee) == expected


segments = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,12}", fullmatch=True)
paths = st.tuples(segments, segments, segments)
measurements = st.sampled_from([HARDENED, PREVIOUS, DEBUG, STRANGER])


@settings(max_examples=40, deadline=None)
@given(
    readers=st.dictionaries(paths, st.frozensets(measurements), max_size=5),
    asked=paths,
    pcr8=measurements,
    data=st.data(),
)
def test_no_table_of_releases_lets_more_out_than_it_says(readers, asked, pcr8, data):
    path = data.draw(st.sampled_from([asked, *readers]))
    policy = resource_policy.render(
        [Release(path=ResourcePath(*path), pcr8=tuple(sorted(who))) for path, who in readers.items()]
    )
    assert released(policy, path, guest(pcr8)) == (pcr8 in readers.get(path, frozenset()))


def test_without_releases_nothing_is_let_out():
    assert not released(resource_policy.render([]), ("default", "kbsres1", "key1"), guest(HARDENED))


@pytest.mark.parametrize("claim", GOOD)
@pytest.mark.parametrize("value", [-1, 0, 1, 32, 33, 96, 97, None])
def test_one_claim_that_does_not_affirm_keeps_every_secret_back(claim, value):
    vector = {name: good for name, good in GOOD.items() if name != claim}
    bearer = guest(HARDENED, vector if value is None else {**vector, claim: value})
    bearer["submods"]["cpu0"]["ear.status"] = "affirming"
    assert not released(POLICY, RELEASES[0].path.parts, bearer)


@pytest.mark.parametrize("status", ["none", "warning", "contraindicated", None])
def test_a_token_that_is_not_affirming_as_a_whole_keeps_every_secret_back(status):
    bearer = guest(HARDENED)
    bearer["submods"]["cpu0"]["ear.status"] = status
    assert not released(POLICY, RELEASES[0].path.parts, bearer)


def test_every_device_of_the_guest_has_to_be_affirmed():
    bearer = guest(HARDENED)
    bearer["submods"]["gpu0"] = guest(HARDENED, {**GOOD, "hardware": 97})["submods"]["cpu0"]
    assert not released(POLICY, RELEASES[0].path.parts, bearer)
    bearer["submods"]["gpu0"] = guest(STRANGER)["submods"]["cpu0"]
    assert released(POLICY, RELEASES[0].path.parts, bearer)


def test_the_measurement_of_the_cpu_counts_and_not_that_of_another_device():
    bearer = guest(STRANGER)
    bearer["submods"]["gpu0"] = guest(HARDENED)["submods"]["cpu0"]
    assert not released(POLICY, RELEASES[0].path.parts, bearer)


@pytest.mark.parametrize("bearer", [{}, {"submods": {}}, {"submods": {"cpu0": {}}}])
def test_a_token_that_attests_nothing_gets_nothing(bearer):
    assert evaluate(POLICY, "data.policy.attested", input=bearer) is None
    assert not released(POLICY, RELEASES[0].path.parts, bearer)


@pytest.mark.parametrize(
    "request_",
    [
        {"plugin": "external", "resource-path": ["default", "kbsres1", "key1"], "query": {}},
        {"resource-path": ["default", "kbsres1", "key1"]},
        {"resource-path": "external/default/kbsres1/key1"},
        {"resource-path": "default/kbsres1/key1"},
        {"plugin": "resource"},
    ],
)
def test_other_plugins_get_nothing_under_the_same_path(request_):
    assert evaluate(POLICY, "data.policy.allow", input=guest(HARDENED), data=request_) is False


def test_a_release_can_ask_for_further_claims():
    smt = (("az-snp-vtpm", "platform_smt_enabled"), "false")
    policy = resource_policy.render([Release(path=served("a", "b"), pcr8=(HARDENED,), claims=(smt,))])
    assert not released(policy, ("default", "a", "b"), guest(HARDENED))
    assert released(policy, ("default", "a", "b"), token(GOOD, {**evidence.GENOA, "init_data": HARDENED}))


def test_of_several_further_claims_each_must_hold():
    claims = {"platform_smt_enabled": "false", "policy_debug_allowed": "false"}
    asked = tuple((("az-snp-vtpm", name), value) for name, value in claims.items())
    policy = resource_policy.render([Release(path=served("a", "b"), pcr8=(HARDENED,), claims=asked)])
    right = {**evidence.GENOA["az-snp-vtpm"], **claims}
    for wrong in (None, *claims):
        shown = right if wrong is None else {**right, wrong: "true"}
        bearer = token(GOOD, {**evidence.GENOA, "az-snp-vtpm": shown, "init_data": HARDENED})
        assert released(policy, ("default", "a", "b"), bearer) is (wrong is None)


def test_a_reader_of_the_policy_sees_who_may_read_what():
    assert "# kbs:///default/kbsres1/key2: hardened, debug\nallow if {" in POLICY
    assert "# kbs:///default/shelf/key: nobody\n" in POLICY


def test_no_line_is_too_long_for_an_engine_however_many_may_read():
    readers = tuple(f"workload-with-a-long-name-{number}" for number in range(200))
    policy = resource_policy.render([Release(path=served("a", "b"), pcr8=(HARDENED,), profiles=readers)])
    assert all(reader in policy for reader in readers)
    assert max(map(len, policy.splitlines())) <= 120
    assert released(policy, ("default", "a", "b"), guest(HARDENED))


@pytest.mark.parametrize("trustee", ["1.0", "1.2"])
def test_a_thousand_readers_are_told_from_others(trustee):
    values = [f"{number:064x}" for number in range(1, 1001)]
    policy = resource_policy.render(
        [Release(path=served("a", str(part)), pcr8=tuple(values[part::4])) for part in range(4)]
    )
    for part in range(4):
        assert released(policy, ("default", "a", str(part)), guest(values[part]), trustee=trustee)
        assert not released(policy, ("default", "a", str(part)), guest(values[part - 1]), trustee=trustee)


def test_the_policy_is_what_reviewers_saw(snapshot):
    assert resource_policy.render(RELEASES) == snapshot


@pytest.mark.parametrize(
    ("release", "sentence"),
    [
        (Release(path=served("a", "c"), pcr8=("abc",)), "released to 'abc', which is no PCR8"),
        (Release(path=served("a", "c"), pcr8=("AB" * 32,)), "no PCR8"),
        (
            Release(path=served("a", "c"), pcr8=("0" * 64,)),
            "zeros, which every guest without initdata has",
        ),
        (
            Release(path=served("a", "c"), pcr8=(), profiles=("x\nallow := true",)),
            "does not fit in a comment",
        ),
    ],
)
def test_releases_that_cannot_be_meant_are_refused(release, sentence):
    with pytest.raises(ResourcePolicyError, match=sentence):
        resource_policy.render([release])


def test_a_path_released_twice_is_refused():
    with pytest.raises(ResourcePolicyError, match="kbs:///default/kbsres1/key1 is released twice"):
        resource_policy.render([RELEASES[0], RELEASES[0]])
