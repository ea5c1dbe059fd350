"""What a spoke refuses of its hub: each with a sentence, all at once, and before anything of the spoke is declared."""

from typing import Any

import pulumi
import pytest

from program.contracts import CONTRACT_VERSION, Needs, contract_problems, tampering
from tests.harness import Graph
from tests.program import roles

NEEDS = Needs(
    osc_version="1.13.1",
    tees=frozenset({"az-snp-vtpm"}),
    profiles=frozenset({"hardened", "debug"}),
    resources={"default/kbsres1/key1": "hardened"},
    sealed=frozenset({"default/kbsres1/key2"}),
    images=frozenset({"registry.example/team/app@sha256:abc"}),
)


def _problems(**changes: Any) -> list[str]:
    return contract_problems({**roles.HUB_OUTPUTS, **changes}, NEEDS)


def test_a_hub_that_fulfils_the_contract_is_taken() -> None:
    assert _problems() == []


@pytest.mark.parametrize("key", ["kbsUrl", "kbsCa"])
@pytest.mark.parametrize("value", ["", None])
def test_an_empty_kbs_is_refused(key: str, value: str | None) -> None:
    assert _problems(**{key: value}) == [
        f"its {key} is empty: the hub's last update did not finish, bring it up again"
    ]


def test_an_osc_version_without_reference_values_names_the_missing_file() -> None:
    (problem,) = _problems(oscVersions=["1.12.1"])
    assert "1.13.1 (coco:sandboxedContainers.version)" in problem
    assert "add reference-values/1.13.1.yaml" in problem
    assert "which has 1.12.1" in problem


def test_a_profile_nobody_defined_is_refused() -> None:
    (problem,) = _problems(profiles={"hardened": roles.HUB_OUTPUTS["profiles"]["hardened"]})
    assert "no profile debug: define coco:profiles.debug" in problem


def test_a_secret_the_hub_does_not_serve_is_refused() -> None:
    assert _problems(resources={}) == [
        "it serves no default/kbsres1/key1: add the secret to coco:secrets of the hub"
    ]


def test_a_secret_its_reader_may_not_read_is_refused() -> None:
    (problem,) = _problems(resources={"default/kbsres1/key1": ["debug"]})
    assert "not readable by profile hardened: add it to readableBy" in problem


def _tampering(hardened: dict[str, Any] | None = None, hub: dict[str, Any] | None = None) -> list[str]:
    profiles = roles.HUB_OUTPUTS["profiles"]
    outputs = {
        **roles.HUB_OUTPUTS,
        "profiles": {**profiles, "hardened": profiles["hardened"] | (hardened or {})},
    }
    return tampering({**outputs, **(hub or {})}, ["hardened"])


def test_initdata_as_the_hub_published_it_is_taken() -> None:
    assert _tampering() == []


def test_initdata_that_was_cut_or_altered_never_reaches_a_pod() -> None:
    encoded = roles.PROFILES["hardened"].encoded
    for tampered in (encoded[:-8], encoded + "AAAA", "", "A" * len(encoded)):
        (problem,) = _tampering({"encoded": tampered})
        assert "the initdata of profile hardened cannot be read" in problem
        assert problem.endswith("bring the hub up again, and find out who wrote its outputs")


@pytest.mark.parametrize("key", ["toml", "digest", "pcr8"])
def test_initdata_must_be_what_the_hub_measured(key: str) -> None:
    (problem,) = _tampering({key: "something else"})
    assert "profile hardened is not what the hub measured" in problem


def test_the_initdata_of_another_profile_is_not_taken() -> None:
    (problem,) = _tampering({"encoded": roles.PROFILES["debug"].encoded})
    assert "profile hardened is not what the hub measured" in problem


@pytest.mark.parametrize(
    ("key", "value"), [("kbsUrl", "https://kbs.elsewhere.example"), ("kbsCa", "another")]
)
def test_initdata_must_pin_the_hub_itself(key: str, value: str) -> None:
    (problem,) = _tampering(hub={key: value})
    assert "profile hardened names another KBS or CA than the hub does" in problem


def test_tampered_initdata_stops_the_spoke_before_anything_is_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("program.place.declare", lambda *_, **__: pytest.fail("something was declared"))
    with pytest.raises(Exception, match="names another KBS or CA"):
        roles.declare("dev-spoke", outputs={**roles.HUB_OUTPUTS, "kbsUrl": "https://kbs.elsewhere.example"})


@pytest.mark.parametrize(
    ("version", "shown"), [(None, None), (float(CONTRACT_VERSION + 1), CONTRACT_VERSION + 1)]
)
def test_another_contract_version_is_refused_before_its_contents_are_read(
    version: float | None, shown: int | None
) -> None:
    problems = contract_problems({"contractVersion": version, "kbsUrl": 5}, NEEDS)
    assert len(problems) == 1
    assert f"contract version {shown}, and this program reads {CONTRACT_VERSION}" in problems[0]


def test_pods_on_a_tee_that_the_hub_does_not_attest_are_refused() -> None:
    (problem,) = _problems(tees=["az-tdx-vtpm"])
    assert "attests no az-snp-vtpm, which sizes in coco:peerPods.vmSizes are" in problem


def test_a_sealed_secret_the_hub_does_not_publish_is_refused() -> None:
    (problem,) = _problems(sealed={})
    assert "no sealed secret for default/kbsres1/key2: write sealed: true" in problem


@pytest.mark.parametrize(
    ("policy", "repositories", "refused"),
    [
        ("insecure", [], False),
        ("reject", [], True),
        ("signed", ["registry.example/team"], False),
        ("signed", ["registry.example/team/app"], False),
        ("signed", ["registry.example/te"], True),
        ("signed", ["registry.example/other"], True),
    ],
)
def test_an_image_the_policy_would_refuse_is_refused_beforehand(
    policy: str, repositories: list[str], refused: bool
) -> None:
    problems = _problems(images={"policy": policy, "repositories": repositories})
    assert bool(problems) == refused
    assert all(
        "refuses registry.example/team/app@sha256:abc" in p and "coco:trustee.signedImages" in p
        for p in problems
    )


def test_several_problems_are_told_together() -> None:
    assert len(_problems(oscVersions=[], resources={}, sealed={})) == 3


def test_a_hub_without_outputs_has_not_been_brought_up() -> None:
    assert contract_problems({}, NEEDS) == ["it has no outputs: bring the hub up first"]


def test_a_refused_hub_stops_the_spoke_before_anything_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    declared: list[Graph] = []
    monkeypatch.setattr("program.place.declare", lambda *_, **__: declared.append(Graph()))
    with pytest.raises(
        Exception, match=r"coco:hub: organization/coco/dev-hub cannot serve this spoke:\n.*kbsUrl is empty"
    ):
        roles.declare("dev-spoke", outputs={**roles.HUB_OUTPUTS, "kbsUrl": ""})
    assert declared == []


def test_a_hub_that_does_not_exist_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise Exception('unknown stack "organization/coco/dev-hub"')  # noqa: TRY002 -- as the SDK raises it

    monkeypatch.setattr("pulumi.runtime.invoke", unknown)
    with pytest.raises(
        Exception,
        match=r"coco:hub: the stack organization/coco/dev-hub cannot be read.*pulumi up --stack dev-hub",
    ):
        roles.declare("dev-spoke")


def test_a_state_that_is_being_written_is_read_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a backend of files; the hub reads its own state while the engine records that it has begun."""
    pcr8 = roles.declare("dev-hub").exports["profiles"]["hardened"]["pcr8"]
    trouble = [Exception("failed to load checkpoint: EOF")] * 2
    read = pulumi.runtime.invoke

    def half_written(*arguments: Any) -> Any:
        if trouble:
            raise trouble.pop()
        return read(*arguments)

    monkeypatch.setattr("pulumi.runtime.invoke", half_written)
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub = roles.declare("dev-hub", outputs={"profiles": {"hardened": {"accepted": ["ab" * 32]}}})
    assert hub.exports["profiles"]["hardened"]["accepted"] == [pcr8, "ab" * 32]
    assert trouble == []


def test_a_hub_never_forgets_what_it_accepts_because_its_state_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(*_: object) -> None:
        raise Exception("failed to load checkpoint: EOF")  # noqa: TRY002 -- as the SDK raises it

    monkeypatch.setattr("pulumi.runtime.invoke", unreadable)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(
        Exception, match=r"which measurements stay accepted: run the same command again\. \(fail"
    ):
        roles.declare("dev-hub")
