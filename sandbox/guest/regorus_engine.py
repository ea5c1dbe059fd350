"""The policy engine of real agents: regorus, in both versions that they have."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import policy_engine
from sandbox.guest.agent import PolicyEngine, PolicyUnusable
from sandbox.policy_engine import EngineError, Job, Judge


def regorus_unavailable(home: Path) -> str | None:
    """Why regorus cannot judge on this machine; None where it can, if need be after a build into `home`."""
    return policy_engine.unavailable(home)


@contextmanager
def regorus(home: Path, say: Callable[[str], None]) -> Generator[Sequence[PolicyEngine]]:
    """An engine for each version, as long as the context lasts. Raises EngineError. `say` is told what takes minutes."""
    with Judge(policy_engine.build(home, say)) as judge:
        yield [Regorus(judge, version) for version in policy_engine.ENGINES]


class Regorus:
    """One version; one object serves any number of policies."""

    def __init__(self, judge: Judge, version: str) -> None:
        self.name = f"regorus {version}"
        self._judge, self._version = judge, version

    def __call__(self, policy: str) -> _Session:
        try:
            self._judge.ask(Job(self._version, policy, []))
        except EngineError as error:
            raise PolicyUnusable(str(error)) from error
        return _Session(self._judge, self._version, policy)


class _Session:
    def __init__(self, judge: Judge, version: str, policy: str) -> None:
        self._judge, self._version, self._policy = judge, version, policy
        self._state: Mapping[str, Any] = {}

    def allows(self, endpoint: str, request: Mapping[str, Any]) -> bool:
        job = Job(self._version, self._policy, [(endpoint, request)], self._state)
        [refusal], self._state = self._judge.ask(job)
        return refusal is None
