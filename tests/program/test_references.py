"""What a role reads of its hub and of its own past: refused before anything is declared, and never silently forgotten."""

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
