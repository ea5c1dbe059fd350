"""Invariants of SelfManagedCluster: installed once, removable whatever happened, and no secret outside a secret."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.cluster.self_managed import SelfManagedCluster, SelfManagedClusterArgs
from tests.answers import ANSWERS
from tests.config.committed import ROOT
from tests.harness import Graph, Secret, deploy
from tests.model.azure.test_install_config import CONFIG

COMMANDS = ("cluster-installation", "cluster-installed")


def _cluster(*, preview: bool = False, installed_as: str | None = None, **changes: Any) -> Graph:
    def program() -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "stack": "lab",
            "cluster_name": "lab",
            "version": "4.20.15",
            "install_config": pulumi.Output.from_input(CONFIG),
            "subscription_id": CONFIG.subscription_id,
            "tenant_id": "tenant",
            "client_id": "client",
            "client_secret": pulumi.Output.secret("canary-client-secret"),
            "pull_secret": pulumi.Output.secret("canary-pull-secret"),
            "protect": True,
        }
        cluster = SelfManagedCluster("cluster", SelfManagedClusterArgs(**(arguments | changes)))
        return {"kubeconfig": cluster.access.kubeconfig}

    answers = dict(ANSWERS)
    if installed_as is not None:
        answers["command:local:Command"] = lambda _: {"stdout": f"{installed_as}\n---\n{{}}"}
    return deploy(program, preview=preview, answers=answers)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


@pytest.mark.parametrize("name", COMMANDS)
def test_a_change_never_installs_again(name: str) -> None:
    """Without a command of its own for updates, pulumi-command runs that for creation."""
    command = _cluster()[name]
    assert command.inputs["update"] == "sh components/cluster/openshift_install/keep.sh"
    assert "triggers" not in command.inputs, "a trigger replaces"


def test_what_takes_the_cluster_away_is_in_the_state_before_anything_is_made() -> None:
    graph = _cluster()
    assert graph["cluster-installation"].inputs["delete"].endswith("/destroy.sh")
    assert "cluster-installation" in graph["cluster-installed"].depends_on
    assert "delete" not in graph["cluster-installed"].inputs
    assert graph["cluster-installation"].delete_before_replace


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_of_a_command_is_shown(name: str) -> None:
    command = _cluster()[name]
    assert command.inputs["logging"] == "none", "the default prints the kubeconfig"
    assert set(command.secret_outputs) == {"stdout", "stderr"}, (
        "with environment pulumi-command always shows a change"
    )
    environment = command.inputs["environment"]
    readable = {key: value for key, value in environment.items() if not isinstance(value, Secret)}
    assert "canary" not in str({**command.inputs, "environment": readable})


def test_the_kubeconfig_is_secret() -> None:
    assert _cluster().exports["kubeconfig"] == Secret("canary-kubeconfig")


@pytest.mark.parametrize("protect", [True, False])
def test_both_commands_are_protected_as_the_stack_says(protect: bool) -> None:
    graph = _cluster(protect=protect)
    assert [graph[name].protect for name in COMMANDS] == [protect, protect]


def test_the_installation_may_take_two_hours() -> None:
    assert _cluster()["cluster-installed"].timeouts == ("2h", "", "2h")


def test_a_change_of_what_was_installed_is_refused_with_its_key() -> None:
    before = replace(CONFIG, worker_count=5).text()
    with pytest.raises(Exception, match=r"coco:cluster\.workerCount: 5 became 3"):
        _cluster(installed_as=before)


@pytest.mark.parametrize("found", [None, "4.20.1", "4.19.15"])
def test_the_preview_of_an_installation_asks_for_the_installer(
    found: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if found is not None:
        program = tmp_path / "openshift-install"
        program.write_text(f"#!/bin/sh\necho openshift-install {found}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(
        Exception, match=r"installs with openshift-install 4\.20\.15, and the one on PATH is"
    ) as error:
        _cluster(preview=True)
    assert "https://mirror.openshift.com/pub/openshift-v4/clients/ocp/4.20.15/" in str(error.value)
    _cluster()  # what is there needs none


@pytest.mark.parametrize("name", ["prepare", "create", "keep", "destroy"])
def test_every_script_that_a_state_names_is_there(name: str) -> None:
    """A state keeps the path of destroy.sh for as long as there is a cluster: it must never be renamed."""
    path = ROOT / f"components/cluster/openshift_install/{name}.sh"
    subprocess.run(["sh", "-n", str(path)], check=True)
