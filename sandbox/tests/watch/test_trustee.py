"""The Trustee operator itself runs where a program of the installed release is on PATH; elsewhere the model of it serves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.apiserver.process import Process
from sandbox.openshift.kinds import CSV, NAMESPACE
from sandbox.openshift.objects import Objects, new
from sandbox.openshift.reactions import trustee as model
from sandbox.watch import trustee
from sandbox.watch.trustee import TrusteeOperator

HOME = "trustee-operator-system"
SCRIPT = '#!/bin/sh\necho "$* $KUBECONFIG $POD_NAMESPACE $KBS_IMAGE_NAME $OPERATOR_IMAGE_NAME"\nexec /bin/sleep 60\n'


def cluster(version: str = "1.2.1") -> Objects:
    """With the operator installed, and a namespace that it has not labelled."""
    content = {"spec": {"version": version}, "status": {"phase": "Succeeded"}}
    csv = new(CSV, f"trustee-operator.v{version}", HOME, **content)
    return Objects([new(NAMESPACE, HOME), csv])


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrusteeOperator]:
    """Nothing is on PATH but what a test puts into `bin`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    yield TrusteeOperator(tmp_path)
    Process(tmp_path, trustee.NAME).stop()


def put(folder: Path, version: str) -> None:
    file = folder / "bin" / f"{trustee.NAME}-{version}"
    file.write_text(SCRIPT)
    file.chmod(0o755)


def pid(folder: Path) -> int | None:
    return Process(folder, trustee.NAME).pid()


@pytest.mark.parametrize("other", [None, "1.1.0"])
def test_without_a_program_of_that_release_the_model_serves(
    tmp_path: Path, operator: TrusteeOperator, other: str | None
) -> None:
    if other:
        put(tmp_path, other)
    effects = operator.react(cluster())
    assert effects
    assert effects == model.react(cluster())
    assert pid(tmp_path) is None


def test_it_runs_once_the_operator_is_installed_and_the_model_says_nothing_beside_it(
    tmp_path: Path, operator: TrusteeOperator
) -> None:
    put(tmp_path, "1.2.1")
    assert operator.react(Objects()) == []
    assert pid(tmp_path) is None
    assert operator.react(cluster()) == []
    first = pid(tmp_path)
    assert first
    assert operator.react(cluster()) == []
    assert pid(tmp_path) == first
    deadline = time.monotonic() + 5
    while not (said := Process(tmp_path, trustee.NAME).last_words()) and time.monotonic() < deadline:
        time.sleep(0.02)
    kubeconfig = tmp_path / "operators.kubeconfig"
    assert said == (
        f"--metrics-bind-address=0 --health-probe-bind-address=0 {kubeconfig} {HOME} {model.IMAGE} {model.IMAGE}"
    )


def test_it_ends_when_the_operator_is_gone(tmp_path: Path, operator: TrusteeOperator) -> None:
    put(tmp_path, "1.2.1")
    operator.react(cluster())
    operator.react(Objects())
    assert pid(tmp_path) is None


def test_an_upgrade_ends_the_program_of_the_release_before(tmp_path: Path, operator: TrusteeOperator) -> None:
    put(tmp_path, "1.2.1")
    operator.react(cluster())
    assert operator.react(cluster("1.2.0"))
    assert pid(tmp_path) is None


def test_it_is_started_again_after_it_ended_but_not_at_once(
    tmp_path: Path, operator: TrusteeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "1.2.1")
    operator.react(cluster())
    first = pid(tmp_path)
    Process(tmp_path, trustee.NAME).stop()
    operator.react(cluster())
    assert pid(tmp_path) is None
    monkeypatch.setattr(trustee, "PAUSE", 0)
    operator.react(cluster())
    assert pid(tmp_path) not in (None, first)
