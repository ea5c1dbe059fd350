"""Attacks on what becomes the container's root file system: the pull storage and what may replace it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sandbox.guest.attacks.attack import (
    OTHER_DIGEST,
    TYPE,
    Attack,
    Fields,
    add,
    drop,
    on_containers,
    on_pause,
    put,
)

_PULL = "/storages/0"
_OPTION = f"{_PULL}/driver_options/0"
_FOREIGN = "the node's own program runs in the pod and reads its secrets"


def _other_image(given: Fields) -> Iterator[Fields]:
    source = given["storages"][0]["source"]
    repository, _, digest = source.partition("@")
    yield put(given, f"{_PULL}/source", f"{repository}@{OTHER_DIGEST}")
    yield put(given, f"{_PULL}/source", f"{repository}@{digest}:x")
    yield put(given, f"{_PULL}/source", f"evil.example/x@{digest}/y@{OTHER_DIGEST}")


def _tag(given: Fields) -> Iterator[Fields]:
    repository = given["storages"][0]["source"].partition("@")[0]
    yield put(given, f"{_PULL}/source", f"{repository}:latest")
    yield put(given, f"{_PULL}/source", repository)


def _no_pull(given: Fields) -> Iterator[Fields]:
    yield drop(given, _PULL)
    yield put(drop(given, _PULL), "/OCI/Root/Path", "/run/kata-containers/shared/containers/x")


def _two_pulls(given: Fields) -> Iterator[Fields]:
    other = {**given["storages"][0], "source": f"evil.example/x@{OTHER_DIGEST}"}
    yield add(given, "/storages/-", other)
    yield add(given, _PULL, other)
    yield add(given, "/storages/-", given["storages"][0])


def _driver_option(given: Fields) -> Iterator[Fields]:
    empty = 'image_guest_pull={"metadata":{}}'
    yield add(given, _OPTION, empty)
    yield add(given, f"{_PULL}/driver_options/-", f'image_guest_pull={{"metadata":{{"{TYPE}":"sandbox"}}}}')


def _metadata(given: Fields) -> Iterator[Fields]:
    option = given["storages"][0]["driver_options"][0].partition("=")[2]
    metadata = json.loads(option)["metadata"]

    def said(text: str) -> Fields:
        return put(given, _OPTION, f"image_guest_pull={text}")

    yield said(json.dumps({"metadata": {**metadata, TYPE: "sandbox"}}))
    yield said(json.dumps({"metadata": {**metadata, "io.kubernetes.cri.container-type": "sandbox"}}))
    yield said(f'{{"metadata":{{"{TYPE}":"container","{TYPE}":"sandbox"}}}}')
    yield said(f'{{"metadata":{{"{TYPE}":"container"}},"metadata":{{"{TYPE}":"sandbox"}}}}')
    yield said("{")


def _pause_pulls(given: Fields) -> Iterator[Fields]:
    option = given["storages"][0]["driver_options"][0].partition("=")[2]
    metadata = {**json.loads(option)["metadata"], TYPE: "container"}
    other = put(given, _OPTION, f"image_guest_pull={json.dumps({'metadata': metadata})}")
    yield other
    yield put(other, f"{_PULL}/source", f"evil.example/x@{OTHER_DIGEST}")
    yield put(given, f"{_PULL}/source", f"evil.example/x@{OTHER_DIGEST}")


def _layers(given: Fields) -> Iterator[Fields]:
    yield add(given, f"{_PULL}/options/-", "X-kata.multi-layer=true")


def _elsewhere(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_PULL}/mount_point", "/run/kata-containers/sandbox/shm")
    yield put(given, "/OCI/Root/Path", "/")
    yield put(given, "/OCI/Root/Path", given["OCI"]["Root"]["Path"] + "/../../image")


def _pull_fields(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_PULL}/fs_group", {"group_change_policy": 0, "group_id": 0})
    yield put(given, f"{_PULL}/fstype", "ext4")
    if "shared" in given["storages"][0]:
        yield put(given, f"{_PULL}/shared", True)


def _over_root(given: Fields) -> Iterator[Fields]:
    root = given["OCI"]["Root"]["Path"]
    plain: Fields = {**given["storages"][0], "driver_options": [], "fstype": "ext4", "source": "/dev/sdc"}
    for driver in ("blk", "scsi", "local", "overlayfs", "virtio-fs", "watchable-bind"):
        yield add(given, "/storages/-", {**plain, "driver": driver, "mount_point": root})
    memory: Fields = {**plain, "driver": "ephemeral", "fstype": "tmpfs", "source": "tmpfs"}
    yield add(given, "/storages/-", {**memory, "mount_point": f"{root}/usr/bin"})


def _type(given: Fields) -> Iterator[Fields]:
    yield put(given, "/OCI/Annotations/io.katacontainers.pkg.oci.container_type", "pod_sandbox")
    yield put(given, f"/OCI/Annotations/{TYPE}", "sandbox")
    yield add(given, "/OCI/Annotations/io.kubernetes.cri.container-type", "sandbox")


def _read_only(given: Fields) -> Iterator[Fields]:
    yield put(given, "/OCI/Root/Readonly", not given["OCI"]["Root"]["Readonly"])


ATTACKS = (
    Attack(
        name="another image",
        sentence="names another image, or the right digest where it does not count",
        gain=_FOREIGN,
        sequences=on_containers(_other_image),
    ),
    Attack(
        name="image by tag",
        sentence="names the image by a tag, behind which a registry can put any image",
        gain=_FOREIGN,
        sequences=on_containers(_tag),
    ),
    Attack(
        name="no image pull",
        sentence="leaves the pull out, so that the root is a directory of the guest that the node filled",
        gain=_FOREIGN,
        sequences=on_containers(_no_pull),
    ),
    Attack(
        name="two image pulls",
        sentence="has a second image pulled over the first",
        gain=_FOREIGN,
        sequences=on_containers(_two_pulls),
    ),
    Attack(
        name="second driver option",
        sentence="gives the pull a second set of metadata, of which the agent reads the first",
        gain=_FOREIGN,
        sequences=on_containers(_driver_option),
    ),
    Attack(
        name="pull metadata says sandbox",
        sentence="makes the agent take the pause bundle for the container's root",
        gain="the container's process runs in another root than the one that was measured",
        sequences=on_containers(_metadata),
    ),
    Attack(
        name="pause pulls an image",
        sentence="has the pod's sandbox run an image of the node's choice",
        gain=_FOREIGN,
        sequences=on_pause(_pause_pulls),
    ),
    Attack(
        name="multi-layer root",
        sentence="asks for a root from block devices by an option, which the agent looks at before the driver",
        gain=_FOREIGN,
        sequences=on_containers(_layers),
    ),
    Attack(
        name="root elsewhere",
        sentence="puts the pull or the root at a path that something else is mounted at, so that the pull is skipped",
        gain=_FOREIGN,
        sequences=on_containers(_elsewhere),
    ),
    Attack(
        name="pull with other fields",
        sentence="pulls with a group, a file system or sharing that CRI-O never asks for",
        gain="files of the image get other owners, or the root is not the image's",
        sequences=on_containers(_pull_fields),
    ),
    Attack(
        name="storage over the root",
        sentence="mounts a device or directory over the unpacked image",
        gain=_FOREIGN,
        sequences=on_containers(_over_root),
    ),
    Attack(
        name="annotation says sandbox",
        sentence="calls a container the sandbox, for which the agent takes another process",
        gain="the measured process does not run, or not in its root",
        sequences=on_containers(_type),
    ),
    Attack(
        name="root writable or not",
        sentence="turns the root's read-only setting round",
        gain="files that the owner wanted fixed can change, or the program fails",
        sequences=on_containers(_read_only),
    ),
)
