"""The workloads in the project are valid, and they pin what the samples need."""

import json
from pathlib import Path

import pytest

from model.samples import WEB_IMAGE
from model.workloads import lock
from model.workloads.grants import Grants
from model.workloads.merging import KUBERNETES_VARIABLES
from model.workloads.reading import read, references
from model.workloads.workload import Workload

ROOT = Path(__file__).parents[1]
EVIDENCE = ROOT.parent / "shared/evidence/agent-requests"
GRANTS = {"kbs-sealed": Grants(untrusted_input=frozenset({"sealed"}))}
NAMES = sorted(folder.name for folder in (ROOT / "workloads").iterdir())


def workload(name: str) -> Workload:
    files = {file.name: file.read_text("utf-8") for file in (ROOT / "workloads" / name).iterdir()}
    assert references(name, files)
    return read(name, files, GRANTS.get(name, Grants()))


def test_the_samples_are_there() -> None:
    assert {"hello-openshift", "kbs-access", "kbs-sealed"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_workload_can_be_pinned(name: str) -> None:
    made = workload(name)
    pins = made.pins(GRANTS.get(name))
    assert pins.workload == name
    assert not pins.read_logs
    assert not any(each.exec_commands for each in pins.containers)
    assert {each.digest for each in pins.containers} == {image.digest for image in made.lock.images.values()}


def test_kbs_access_fetches_its_secret_into_memory_before_it_serves() -> None:
    fetch, serve = workload("kbs-access").pins().containers
    assert fetch.init
    assert fetch.arguments[-1].endswith("http://127.0.0.1:8006/cdh/resource/default/kbsres1/key1")
    assert serve.arguments == ("run-httpd",)
    assert {mount.kind for each in (fetch, serve) for mount in each.mounts} == {"memory"}


@pytest.mark.parametrize("name", ["hello-openshift", "kbs-access", "kbs-sealed"])
def test_a_sample_runs_the_image_of_the_other_samples(name: str) -> None:
    assert list(workload(name).lock.images) == [WEB_IMAGE]


@pytest.mark.parametrize("name", ["hello-openshift", "kbs-access", "kbs-sealed"])
def test_a_lock_that_was_not_read_says_so_and_has_the_settings_that_are_known(name: str) -> None:
    made = workload(name)
    for reference in made.unread:
        image = made.lock.images[reference]
        assert image.read_from == lock.UNREAD
        if not EVIDENCE.is_dir():
            pytest.skip("the recorded image is not on this machine")
        known = json.loads((EVIDENCE / "image.json").read_text("utf-8"))["config"]
        assert list(image.entrypoint) == known["Entrypoint"]
        assert list(image.command) == known["Cmd"]
        assert list(image.environment) == known["Env"]
        assert (image.user, image.working_dir) == (known["User"], known["WorkingDir"])
        assert image.stop_signal == known["StopSignal"]


def test_what_is_pinned_of_kbs_access_is_what_a_real_runtime_asked_for() -> None:
    if not EVIDENCE.is_dir():
        pytest.skip("the recorded requests are not on this machine")
    bases = json.loads((EVIDENCE / "bases.json").read_text("utf-8"))
    for pins in workload("kbs-access").pins().containers:
        process = bases[pins.name]["OCI"]["Process"]
        assert process["Cwd"] == pins.working_directory
        assert tuple(process["Args"]) == pins.arguments
        pinned = {f"{name}={value}" for name, value in pins.environment}
        assert pinned <= set(process["Env"])
        others = {entry.partition("=")[0] for entry in set(process["Env"]) - pinned}
        assert others == {"PATH", "TERM", "HOSTNAME", "NSS_SDB_USE_CACHE"} | KUBERNETES_VARIABLES
        mounted = {mount["destination"] for mount in bases[pins.name]["OCI"]["Mounts"]}
        assert {mount.path for mount in pins.mounts} <= mounted


def test_a_refused_secret_keeps_the_pod_from_starting() -> None:
    (fetch, _) = workload("kbs-access").containers
    assert (fetch.init, fetch.arguments[:2]) == (True, ("/bin/bash", "-c"))
    assert "curl --fail " in fetch.arguments[2]
    assert fetch.arguments[2].endswith("http://127.0.0.1:8006/cdh/resource/default/kbsres1/key1")


def test_the_fetched_secret_lies_in_memory_only() -> None:
    for container in workload("kbs-access").containers:
        assert [(mount.volume, mount.kind) for mount in container.mounts] == [("page", "memory")]
