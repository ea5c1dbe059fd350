"""Deployed pods in the guest's own programs: they run, and get their secret from the real KBS; or they do not, for the right reason."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.workspace import Workspace
from sandbox.guest.node import LINES, AgentLine
from sandbox.guest.real import pod, stand_in
from sandbox.guest.real.image import Image
from sandbox.guest.real.kubelet import Failed
from sandbox.guest.real.pod import Guest
from sandbox.guest.real.stand_in import LocalPod
from sandbox.pods.deployed import DeployedPod, pods_of
from sandbox.tests.integration import guests
from sandbox.tests.integration.test_guest_machine import left_behind
from sandbox.trustee.process import running
from sandbox.trustee.source import DeployedTrustee, of_stack
from tests import certificates

SPOKE = "dev-spoke"
ACCESS, SEALED = "kbs-access/", "kbs-sealed/"


def _missing() -> str | None:
    reasons = filter(None, (pod.unavailable(line) for line in LINES))
    return next(reasons, None) or (None if shutil.which("kbs") else "the program kbs is not on PATH")


pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(_missing()), reason=str(_missing())),
    pytest.mark.xdist_group("pods"),
]


class World:
    def __init__(self, home: Path) -> None:
        workspace = Workspace(guests.ROOT, home)
        self.trustee: DeployedTrustee = of_stack(workspace, guests.HUB)
        self.pods = {one.name.partition("/")[0] + "/": one for one in pods_of(workspace, SPOKE)}

    def secret(self, name: str, key: str) -> str:
        return self.trustee.deployment.secrets[name][key].decode()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    home = tmp_path_factory.mktemp("pods")
    up = [sys.executable, "-m", "sandbox", "up", "--env", "dev", "--home", str(home)]
    subprocess.run(up, cwd=guests.ROOT, check=True, stdout=subprocess.DEVNULL)
    return World(home)


@pytest.fixture(autouse=True)
def nothing_stays() -> Generator[None, None, None]:
    before = set(left_behind())
    yield
    assert set(left_behind()) <= before


@contextmanager
def kbs(trustee: DeployedTrustee, folder: Path) -> Generator[tuple[str, int], None, None]:
    with (folder / "kbs.log").open("wb") as log, running(trustee, log=log) as serving:
        yield trustee.host, serving.port


@contextmanager
def booted(
    one: DeployedPod, local: LocalPod, line: AgentLine, at: tuple[str, int] | None
) -> Generator[Guest, None, None]:
    with pod.booted(local, line=line, node=one.node, kbs=at) as guest:
        yield guest


def local(one: DeployedPod) -> LocalPod:
    return stand_in.local(one.pod, one.encoded)


def fails(guest: Guest) -> Failed:
    with pytest.raises(Failed) as failed:
        guest.kubelet.start(guest.requests)
    return failed.value


def page(guest: Guest) -> str:
    """What the pod answers, once it serves."""
    deadline = time.monotonic() + 20
    with guest.machine.reachable(8080) as port:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    return answer.read().decode().strip()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


@pytest.mark.parametrize("line", LINES)
def test_every_confidential_sample_runs_and_answers(world: World, line: AgentLine, tmp_path: Path) -> None:
    shown: dict[str, str] = {}
    locals_ = {name: local(one) for name, one in world.pods.items()}
    with kbs(stand_in.opened(world.trustee, tuple(locals_.values())), tmp_path) as at:
        for name, one in world.pods.items():
            with booted(one, locals_[name], line, at) as guest:
                guest.kubelet.start(guest.requests)
                shown[name] = page(guest)
    assert shown == {
        "hello-openshift/": "Hello OpenShift, hardened",
        "hello-samples/": "Hello OpenShift, debug",
        ACCESS: world.secret("kbsres1", "key1"),
        SEALED: f"unsealed: {len(world.secret('kbsres2', 'key1'))} characters",
    }


def test_a_kbs_on_what_the_hub_renders_releases_nothing_to_such_a_guest(world: World, tmp_path: Path) -> None:
    """The opening is all that lets a guest without a TEE have a secret."""
    one = world.pods[ACCESS]
    with kbs(world.trustee, tmp_path) as at, booted(one, local(one), "3.31", at) as guest:
        assert "an init container exited" in str(fails(guest))
    assert "401" in (tmp_path / "kbs.log").read_text()


def test_the_opening_releases_to_each_pod_only_what_the_hub_releases_to_it(
    world: World, tmp_path: Path
) -> None:
    """Under the initdata of another pod, which the hub knows and to which it releases something else."""
    asking, other = world.pods[ACCESS], world.pods[SEALED]
    opened = stand_in.opened(world.trustee, (local(other),))
    with kbs(opened, tmp_path) as at, booted(asking, local(asking), "3.31", at) as guest:
        assert "an init container exited" in str(fails(guest))


@pytest.mark.parametrize("kind", ["index", "layer"])
def test_an_image_that_was_tampered_with_is_not_unpacked(world: World, kind: str) -> None:
    one = world.pods["hello-openshift/"]
    made = local(one)
    tampered: Mapping[str, Image] = {name: image.tampered(kind) for name, image in made.images.items()}
    with booted(one, replace(made, images=tampered), "3.31", None) as guest:
        failed = fails(guest)
        log = guest.machine.log("confidential-data-hub")
    assert failed.request.endpoint == "CreateContainerRequest"
    assert not failed.refused, "it was the policy, which knows nothing of the image's bytes"
    assert re.search("VerificationError|(?i:digest.*mismatch|unexpected digest)", f"{failed}{log}"), (
        f"{failed}{log}"
    )


def test_a_pod_with_another_command_is_blocked_by_its_policy(world: World) -> None:
    one = world.pods["hello-openshift/"]
    made = local(one)
    changed: dict[str, Any] = {**made.pod, "spec": {**made.pod["spec"]}}
    changed["spec"]["containers"] = [{**each, "args": ["id"]} for each in made.pod["spec"]["containers"]]
    with booted(one, replace(made, pod=changed), "3.31", None) as guest:
        failed = fails(guest)
    assert failed.refused
    assert "is blocked by policy" in str(failed)


def test_a_kbs_behind_another_authority_is_not_asked_for_anything(world: World, tmp_path: Path) -> None:
    """Whoever stands between guest and KBS: the initdata, whose digest is released to, pins another CA."""
    one = world.pods[ACCESS]
    made = local(one)
    pinned = world.trustee.ca.strip()
    assert pinned in made.initdata
    made = replace(made, initdata=made.initdata.replace(pinned, certificates.certificate().strip()))
    opened = stand_in.opened(world.trustee, (made,))
    with kbs(opened, tmp_path) as at, booted(one, made, "3.31", at) as guest:
        assert "an init container exited" in str(fails(guest))
    # The one request is the sandbox's own, which looks whether the KBS serves.
    assert (tmp_path / "kbs.log").read_text().count("/kbs/v0/") == 1


def test_a_kbs_that_is_away_stops_the_pod_and_one_that_is_back_lets_a_new_one_run(
    world: World, tmp_path: Path
) -> None:
    one = world.pods[ACCESS]
    made = local(one)
    with booted(one, made, "3.31", (world.trustee.host, 9)) as guest:  # nobody listens there
        assert "an init container exited" in str(fails(guest))
    with (
        kbs(stand_in.opened(world.trustee, (made,)), tmp_path) as at,
        booted(one, made, "3.31", at) as guest,
    ):
        guest.kubelet.start(guest.requests)
        assert page(guest) == world.secret("kbsres1", "key1")


def test_a_guest_that_is_killed_takes_its_pod_with_it_and_no_other(world: World) -> None:
    one = world.pods["hello-openshift/"]
    made = local(one)
    with booted(one, made, "3.31", None) as first, booted(one, made, "3.25", None) as second:
        for guest in (first, second):
            guest.kubelet.start(guest.requests)
        first.machine.process.kill()
        first.machine.process.wait()
        assert page(second) == "Hello OpenShift, hardened"
        with first.machine.reachable(8080) as port, pytest.raises((OSError, urllib.error.URLError)):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
