"""Attacks on what is mounted into a container, and on the storages behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.guest.attacks.attack import SHARED, Attack, Fields, add, drop, on_containers, put

_OVER = ("/usr/bin", "/etc/ssl", "/", "/run/confidential-containers", "/usr/bin/run-httpd")
_HOSTS = "files that the node wrote take the place of the image's"


def _mount(given: Fields, destination: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "options": list(options), "source": source, "type_": "bind"}


def _copy(given: Fields, name: str) -> str:
    return f"{SHARED}/{given['container_id']}-0123456789abcdef-{name}"


def _at(given: Fields, destination: str) -> str:
    at = [one["destination"] for one in given["OCI"]["Mounts"]].index(destination)
    return f"/OCI/Mounts/{at}"


def _over(given: Fields) -> Iterator[Fields]:
    for destination in _OVER:
        source = _copy(given, destination.rpartition("/")[2])
        yield add(given, "/OCI/Mounts/-", _mount(given, destination, source, "rbind", "ro"))
    yield add(
        given,
        "/OCI/Mounts/-",
        _mount(given, "/usr/bin/env", _copy(given, "hosts"), "rbind", "rprivate", "rw", "bind"),
    )


def _source(given: Fields) -> Iterator[Fields]:
    hosts = _at(given, "/etc/hosts")
    source = given["OCI"]["Mounts"][int(hosts.rpartition("/")[2])]["source"]
    other = "f" * 64
    yield put(given, f"{hosts}/source", "/run/confidential-containers")
    yield put(given, f"{hosts}/source", source.replace(given["container_id"], other))
    yield put(given, f"{hosts}/source", source.replace("-hosts", "-passwd"))
    yield put(given, f"{hosts}/source", f"{SHARED}/{given['container_id']}-/../../../../../x-hosts")
    yield put(given, "/OCI/Mounts/0/source", "/")


def _twice(given: Fields) -> Iterator[Fields]:
    yield add(
        given, "/OCI/Mounts/-", given["OCI"]["Mounts"][int(_at(given, "/etc/hosts").rpartition("/")[2])]
    )


def _kind(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_at(given, '/etc/hosts')}/type_", "tmpfs")
    yield put(given, f"{_at(given, '/proc')}/type_", "bind")
    yield put(given, f"{_at(given, '/sys')}/options", ["nosuid", "noexec", "nodev", "rw"])


def _volumes(given: Fields) -> Iterator[tuple[str, dict[str, Any]]]:
    """The mounts of emptyDirs, whose content is the guest's own."""
    own = [one["mount_point"] for one in given["storages"] if one["driver"] in ("ephemeral", "local")]
    for at, mount in enumerate(given["OCI"]["Mounts"]):
        if mount["source"] in own:
            yield f"/OCI/Mounts/{at}", mount


def _filled(given: Fields) -> Iterator[Fields]:
    for path, mount in _volumes(given):
        yield put(given, f"{path}/source", _copy(given, mount["source"].rpartition("/")[2]))


def _options(given: Fields) -> Iterator[Fields]:
    for path, mount in _volumes(given):
        turned = {"ro": "rw", "rw": "ro"}
        yield put(given, f"{path}/options", [turned.get(one, one) for one in mount["options"]])
        yield put(given, f"{path}/options", [one.replace("rprivate", "rshared") for one in mount["options"]])


def _missing(given: Fields) -> Iterator[Fields]:
    for path, _ in _volumes(given):
        yield drop(given, path)


def _storages(given: Fields) -> Iterator[tuple[str, dict[str, Any]]]:
    for at, storage in enumerate(given["storages"]):
        if storage["driver"] in ("ephemeral", "local"):
            yield f"/storages/{at}", storage


def _device(given: Fields) -> Iterator[Fields]:
    for path, storage in _storages(given):
        yield put(put(given, f"{path}/fstype", "ext4"), f"{path}/source", "/dev/sdc")
        yield put(given, f"{path}/source", "/dev/sdc")
        yield put(given, f"{path}/fstype", "hugetlbfs")
        yield put(given, f"{path}/driver_options", ["x"])
        yield put(given, f"{path}/options", ["fsgid=1", "fsgid=2"])
        yield put(given, f"{path}/mount_point", f"{storage['mount_point']}-other")
        if "shared" in storage:
            yield put(given, f"{path}/shared", True)


def _left_out(given: Fields) -> Iterator[Fields]:
    for path, _ in _storages(given):
        yield drop(given, path)


ATTACKS = (
    Attack(
        name="mount over the image",
        sentence="mounts files of its own over programs, libraries, certificates or the whole root",
        gain="code of the node's choice runs with the pod's secrets",
        sequences=on_containers(_over),
    ),
    Attack(
        name="other source of a mount",
        sentence="mounts another path of the guest, or another container's files, at a known place",
        gain="files of the guest that the container shall not have",
        sequences=on_containers(_source),
    ),
    Attack(
        name="a mount twice",
        sentence="mounts the same place twice; the last one counts",
        gain=_HOSTS,
        sequences=on_containers(_twice),
    ),
    Attack(
        name="other kind of mount",
        sentence="mounts with another type or other options than the runtime does",
        gain="kernel settings become writable, or a check of the source is passed by",
        sequences=on_containers(_kind),
    ),
    Attack(
        name="volume that the node fills",
        sentence="mounts a directory that it copied to the guest in the place of an empty volume",
        gain=_HOSTS,
        sequences=on_containers(_filled),
    ),
    Attack(
        name="other access to a volume",
        sentence="makes a read-only volume writable or the other way round, or spreads mounts",
        gain="a container changes what it shall only read",
        sequences=on_containers(_options),
    ),
    Attack(
        name="volume not mounted",
        sentence="leaves a volume's mount out, so that the program writes to its root",
        gain="what was to be in memory only lands elsewhere, or the program uses the image's files",
        sequences=on_containers(_missing),
    ),
    Attack(
        name="volume on a device",
        sentence="backs an empty volume with a disk of the node, or puts it elsewhere",
        gain="what the pod writes to it is on a disk that the node reads",
        sequences=on_containers(_device),
    ),
    Attack(
        name="volume not made",
        sentence="leaves out the storage of a volume",
        gain="the volume is a directory that the node filled before",
        sequences=on_containers(_left_out),
    ),
)
