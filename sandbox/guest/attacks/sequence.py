"""Attacks on the order of things, on the sandbox, and on files that the shim copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandbox.guest.attacks.attack import (
    COPY_FILE,
    CREATE_CONTAINER,
    SHARED,
    Attack,
    Fields,
    Sequences,
    add,
    afterwards,
    containers,
    on_sandbox,
    put,
)
from sandbox.guest.copies import DIRECTORY, REGULAR, SYMLINK, copy
from sandbox.guest.node import AgentLine
from sandbox.guest.requests import AgentRequest
from sandbox.shapes import is_list, is_map


def _too_early(honest: Sequence[AgentRequest]) -> Sequences:
    """A container before the one that comes ahead of it: an app before its init containers, the first before the sandbox."""
    ended = [one.input["container_id"] for one in honest if one.endpoint == "RemoveContainerRequest"]
    for at in containers(honest):
        own = honest[at].input["container_id"]
        before = [
            one
            for one in honest[:at]
            if one.endpoint == CREATE_CONTAINER and one.input["container_id"] in ended and own not in ended
        ]
        if before:
            skipped = before[-1]
            yield [*(one for one in honest[:at] if one is not skipped), honest[at]]
    first = containers(honest)[0]
    yield [*(one for one in honest[:first] if one.endpoint != CREATE_CONTAINER), honest[first]]


def _same_id(honest: Sequence[AgentRequest]) -> Sequences:
    for at in containers(honest):
        yield [*honest[: at + 1], honest[at]]
        identifier = honest[at].input["container_id"]
        gone = AgentRequest("RemoveContainerRequest", {"container_id": identifier, "timeout": 0})
        yield [*honest[: at + 1], gone, honest[at]]


def _sidecar(honest: Sequence[AgentRequest]) -> Sequences:
    """A container that the pod does not have, made of one that it has: with another's command line, or with a shell."""
    found = [honest[at].input for at in containers(honest)]
    lines = [*(one["OCI"]["Process"]["Args"] for one in found), ["/bin/sh"]]
    for given in found:
        for line in lines:
            if line != given["OCI"]["Process"]["Args"]:
                yield [
                    *honest,
                    AgentRequest(CREATE_CONTAINER, put(_renamed(given, "e" * 64), "/OCI/Process/Args", line)),
                ]


def _strange_id(honest: Sequence[AgentRequest]) -> Sequences:
    for at in containers(honest):
        for name in ("image", "shared", "../x"):
            yield [*honest[:at], AgentRequest(CREATE_CONTAINER, _renamed(honest[at].input, name))]


def _renamed(given: Fields, identifier: str) -> Fields:
    """The same container under another id, everywhere."""

    def walk(value: object) -> object:
        if is_map(value):
            return {key: walk(one) for key, one in value.items()}
        if is_list(value):
            return [walk(one) for one in value]
        return value.replace(given["container_id"], identifier) if isinstance(value, str) else value

    renamed = walk(given)
    assert is_map(renamed)
    return renamed


def _again(honest: Sequence[AgentRequest]) -> Iterator[AgentRequest]:
    yield honest[0]
    yield AgentRequest(honest[0].endpoint, {**honest[0].input, "sandbox_id": "f" * 64})


def _sandbox(given: Fields) -> Iterator[Fields]:
    yield put(given, "/guest_hook_path", f"{SHARED}/x")
    yield add(given, "/kernel_modules/-", {"name": "x", "parameters": []})
    yield add(given, "/dns/-", "10.0.0.1")
    yield put(given, "/sandbox_pidns", not given["sandbox_pidns"])
    yield put(given, "/sandbox_id", "../x")


def _shared_memory(given: Fields) -> Iterator[Fields]:
    first = "/storages/0"
    yield put(given, f"{first}/driver", "virtio-fs")
    yield put(put(given, f"{first}/fstype", "ext4"), f"{first}/source", "/dev/sdc")
    yield put(given, f"{first}/fstype", "ext4")
    yield put(given, f"{first}/mount_point", "/usr/bin")
    yield put(given, f"{first}/fs_group", {"group_change_policy": 0, "group_id": 0})
    yield add(given, f"{first}/driver_options/-", "x=y")
    yield add(given, f"{first}/options/-", "bind")
    yield add(given, "/storages/-", given["storages"][0])
    if "shared" in given["storages"][0]:
        yield put(given, f"{first}/shared", True)


def _agent(honest: Sequence[AgentRequest]) -> AgentLine:
    """Which agent the requests are for: newer ones are shown files digested."""
    return "3.25" if any("data" in one.input for one in honest if one.endpoint == COPY_FILE) else "3.31"


def _target(honest: Sequence[AgentRequest]) -> str:
    return honest[containers(honest)[-1]].input["container_id"]


def _elsewhere(honest: Sequence[AgentRequest]) -> Iterator[AgentRequest]:
    own = _target(honest)
    for path in (
        f"/run/kata-containers/{own}/rootfs/usr/bin/curl",
        f"{SHARED}/../../../../usr/bin/x",
        f"{SHARED}/{'../' * 30}usr/bin/x-0123456789abcdef-hosts",
        "/etc/passwd",
        f"/etc/{own}-0123456789abcdef-hosts",
        f"{SHARED}/{own}-0123456789abcdef-secrets/../../x",
    ):
        yield AgentRequest(COPY_FILE, copy(_agent(honest), path, REGULAR, b"x"))


def _unknown(honest: Sequence[AgentRequest]) -> Iterator[AgentRequest]:
    agent, own = _agent(honest), _target(honest)
    yield AgentRequest(COPY_FILE, copy(agent, f"{SHARED}/{own}-0123456789abcdef-evil.so", REGULAR, b"x"))
    yield AgentRequest(COPY_FILE, copy(agent, f"{SHARED}/{own}-0123456789abcdef-evil", DIRECTORY))
    yield AgentRequest(COPY_FILE, copy(agent, f"{SHARED}/{own}-0123456789abcdef-hosts", DIRECTORY))


def _links(honest: Sequence[AgentRequest]) -> Iterator[AgentRequest]:
    agent, own = _agent(honest), _target(honest)
    for name, target in (
        ("hosts", b"/run"),
        ("secrets/x", b"/run/confidential-containers"),
        ("secrets/y", b"../../.."),
    ):
        yield AgentRequest(COPY_FILE, copy(agent, f"{SHARED}/{own}-0123456789abcdef-{name}", SYMLINK, target))


ATTACKS = (
    Attack(
        name="a container too early",
        sentence="starts the app before its init containers, or a container before the sandbox",
        gain="a program that runs without what its init containers prepare or check",
        sequences=_too_early,
    ),
    Attack(
        name="a container id twice",
        sentence="creates a container again under an id that is or was in use",
        gain="a second process in a root and on files that the first has changed",
        sequences=_same_id,
    ),
    Attack(
        name="a further container",
        sentence="adds a container to the pod, as `kubectl debug` does",
        gain="it shares the pod's network and may ask for every secret that the pod may have",
        sequences=_sidecar,
    ),
    Attack(
        name="a container id that is a path",
        sentence="calls a container `image` or `shared`, as directories of the agent are called",
        gain="the container's root lies over the images or the copied files",
        sequences=_strange_id,
    ),
    Attack(
        name="a second sandbox",
        sentence="creates the sandbox again",
        gain="the agent deletes all below /run/kata-containers, through every mount",
        sequences=afterwards(_again),
    ),
    Attack(
        name="sandbox with hooks or modules",
        sentence="asks for guest hooks, kernel modules, name servers, shared processes or an odd id",
        gain="code as root in the guest",
        sequences=on_sandbox(_sandbox),
    ),
    Attack(
        name="mounts with the sandbox",
        sentence="mounts something else, or elsewhere, in the place of the shared memory",
        gain="a disk of the node anywhere in the guest, before any container is there",
        sequences=on_sandbox(_shared_memory),
    ),
    Attack(
        name="copy a file elsewhere",
        sentence="copies a file into a container's root or into the guest, with .. where it needs to (CVE-2026-41326)",
        gain="code as root in the guest",
        sequences=afterwards(_elsewhere),
    ),
    Attack(
        name="copy an unknown file",
        sentence="copies files under names that no mount of the pod has",
        gain="files in the guest that a later mount can use",
        sequences=afterwards(_unknown),
    ),
    Attack(
        name="copy a link",
        sentence="copies a symbolic link and writes or mounts through it",
        gain="every file of the guest",
        sequences=afterwards(_links),
    ),
)
