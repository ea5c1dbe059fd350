"""Which volumes the pod of a workload may have, and how they may be mounted."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Final

from model.policy.pins import VolumeKind
from model.workloads.checks import Refusal, anything, fields, flag, only, text
from model.workloads.problems import Field

# Volume sources (core/v1 Volume) whose content the host writes: only as untrusted input.
FROM_HOST: Final[Mapping[str, VolumeKind]] = {
    "configMap": "configMap",
    "secret": "secret",
    "projected": "projected",
    "downwardAPI": "downwardAPI",
}
NO_STORAGE: Final[Refusal] = (
    "does not work in a peer pod: what the container writes never reaches the volume",
    "use an emptyDir; what must last is encrypted in the pod and saved to an object store, as persistence.yaml says",
)
_REFUSED: Final[Mapping[str, Refusal]] = {
    "hostPath": (
        "must not be used: it mounts a directory of the worker, which the guest cannot trust",
        "use an emptyDir",
    ),
    "persistentVolumeClaim": NO_STORAGE,
    "ephemeral": NO_STORAGE,
    "csi": NO_STORAGE,
    "image": ("must not be used: the policy cannot pin what is in it", "put the files into the image"),
}
_SECRET_WORDS: Final = frozenset(
    [
        "secret",
        "secrets",
        "password",
        "passwords",
        "passwd",
        "credential",
        "credentials",
        "token",
        "tokens",
        "key",
        "keys",
    ]
)
_OF_THE_GUEST: Final = ("/proc", "/sys", "/dev", "/run/kata-containers", "/run/confidential-containers")


def volume_kinds(at: Field) -> dict[str, VolumeKind]:
    """The kind of each volume by its name; those that are refused are left out."""
    kinds: dict[str, VolumeKind] = {}
    seen = set[str]()
    for volume in at.sequence():
        name = volume.require("name", "give the volume a name")
        if name is None or not name.text():
            continue
        if name.value in seen:
            name.refuse("must be the name of one volume only", "rename one of them")
        seen.add(name.value)
        sources = {key: field for key, field in volume.mapping().items() if key != "name"}
        if len(sources) != 1:
            volume.refuse(
                "must have exactly one source", "write for example emptyDir: {medium: Memory}", show=False
            )
            continue
        kind = _kind(name.value, *next(iter(sources.items())))
        if kind is not None:
            kinds[name.value] = kind
    return kinds


def _kind(name: str, source: str, field: Field) -> VolumeKind | None:
    if source in FROM_HOST:
        field.mapping()
        return FROM_HOST[source]
    if source != "emptyDir":
        rule, fix = _REFUSED.get(
            source,
            ("is no volume that a peer pod can have", "use an emptyDir, or put the files into the image"),
        )
        field.refuse(rule, fix, show=False)
        return None
    given = fields(
        field,
        {"medium": only(("Memory", ""), "write medium: Memory, or leave it out"), "sizeLimit": anything},
    )
    if (medium := given.get("medium")) is not None and medium.value == "Memory":
        return "memory"
    if called_secret(name):
        field.refuse(
            "must be in memory, because it is called a secret and the host can overwrite files of an emptyDir on disk",
            "write emptyDir: {medium: Memory}",
            show=False,
        )
    return "disk"


def called_secret(name: str) -> bool:
    """Whether a name or path has a word for something secret."""
    return not _SECRET_WORDS.isdisjoint(re.split(r"[^a-z]+", name.lower()))


def check_mounts(at: Field, kinds: Mapping[str, VolumeKind], volumes: frozenset[str]) -> None:
    """``volumes``: all names, also of volumes that are refused by themselves."""
    seen = set[str]()
    for mount in at.sequence():
        given = fields(
            mount,
            {"name": text, "mountPath": text, "readOnly": flag, "subPath": text},
            {
                "subPathExpr": ("must not be used: the cluster could choose the path", "write subPath"),
                "mountPropagation": ("must not be used: mounts of the host would appear", "remove it"),
                "recursiveReadOnly": ("is not supported in a peer pod", "write readOnly: true"),
            },
        )
        name = mount.require("name", "write the name of a volume of the pod")
        path = mount.require("mountPath", "write where the container finds it")
        if name is None or path is None or not isinstance(path.value, str) or not isinstance(name.value, str):
            continue
        if name.value not in volumes:
            name.refuse("must be a volume of the pod", "add the volume, or correct the name")
        _check_path(path)
        if path.value in seen:
            path.refuse("must be used once in a container", "mount the other volume elsewhere")
        seen.add(path.value)
        kind = kinds.get(name.value)
        if kind == "disk" and called_secret(path.value) and not called_secret(name.value):
            path.refuse(
                "must be of a volume in memory, because it is called a secret",
                "write emptyDir: {medium: Memory} in the volume",
            )
        if "subPath" in given and given["subPath"].value:
            _check_sub_path(given["subPath"], kind)


def _check_path(path: Field) -> None:
    value: str = path.value
    if not value.startswith("/") or posixpath.normpath(value) != value or value == "/" or ":" in value:
        path.refuse(
            "must be an absolute path below / without ., .. and : in it", "write it like /var/lib/data"
        )
    elif any(value == taken or value.startswith(f"{taken}/") for taken in _OF_THE_GUEST):
        path.refuse("must not be below a directory that the guest itself uses", "mount it elsewhere")


def _check_sub_path(sub: Field, kind: VolumeKind | None) -> None:
    if kind in ("memory", "disk"):
        sub.refuse(
            "must not be used with an emptyDir: the shim then copies files instead of sharing the volume",
            "mount the whole volume, or use a second emptyDir",
        )
    value: str = sub.value
    if value.startswith("/") or posixpath.normpath(value) != value or value.startswith(".."):
        sub.refuse("must be a relative path without . and .. in it", "write it like config/app.conf")
