"""What a role reads of its hub and of its own past: refused before anything is declared, and never silently forgotten."""

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from tests.harness import Graph
from tests.program import roles


def test_tampered_initdata_stops_the_spoke_before_anything_is_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("program.clusters.declare", lambda *_, **__: pytest.fail("something was declared"))
    with pytest.raises(Exception, match="names another KBS or CA"):
        roles.declare("dev-spoke", outputs={**roles.HUB_OUTPUTS, "kbsUrl": "https://kbs.elsewhere.example"})


def test_a_refused_hub_stops_the_spoke_before_anything_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    declared: list[Graph] = []
    monkeypatch.setattr("program.clusters.declare", lambda *_, **__: declared.append(Graph()))
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


def saying(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Any other stack than this one cannot be read, as the engine says with `words`; this one has published nothing."""

    def read(_: str, arguments: dict[str, str]) -> Any:
        if arguments["name"] == roles.HUB:
            raise Exception(words)  # noqa: TRY002 -- as the SDK raises it
        return SimpleNamespace(value={"outputs": {}})

    monkeypatch.setattr("pulumi.runtime.invoke", read)
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_only_a_hub_that_is_known_not_to_exist_may_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, f'unknown stack "{roles.HUB}"')
    begun = roles.declare("dev-spoke", hubMayComeLater=True)
    assert begun.exports["waitsFor"] == roles.HUB
    assert "peer-pods-cm" not in begun
    for words, told in (
        (
            "secrets (code=PermissionDenied): vault.azure.net",
            "the right to decrypt with the key of its state is missing",
        ),
        ("blob (code=PermissionDenied): 403", "the right to read its state is missing"),
        ("dial tcp: lookup state.blob.core.windows.net: no such host", "cannot be read"),
    ):
        saying(monkeypatch, words)
        with pytest.raises(Exception, match=told):
            roles.declare("dev-spoke", hubMayComeLater=True)


def test_what_a_begun_spoke_has_is_what_a_complete_one_has_under_the_same_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete = roles.committed_graph("dev-spoke")
    saying(monkeypatch, f'unknown stack "{roles.HUB}"')
    begun = roles.declare("dev-spoke", hubMayComeLater=True)
    assert {name: one.urn for name, one in begun.items()} == {name: complete[name].urn for name in begun}
    assert {"cluster-aro", "osc-operator-approval"} <= set(begun)
    assert {name: one.inputs for name, one in begun.items()} == {
        name: complete[name].inputs for name in begun
    }
