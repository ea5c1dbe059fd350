"""What the registry would say of an image: from the lock files of workloads, or from the table of the samples' image."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import ValidationError

from model.digests import ImageDigest
from model.samples import WEB_IMAGE
from model.workloads.lock import Lock, LockedImage

ROOT = Path(__file__).resolve().parent.parent.parent

# The configuration of Red Hat's ubi9/httpd-24 as its sclorg sources set it (httpd-container, 2.4/Dockerfile.rhel9, and its base
# s2i-core). The stand-in for that image that the requests were recorded with has the same.
_HTTPD = LockedImage(
    digest=ImageDigest(WEB_IMAGE.partition("@")[2]),
    entrypoint=("container-entrypoint",),
    command=("/usr/bin/run-httpd",),
    environment=(
        "container=oci",
        "STI_SCRIPTS_PATH=/usr/libexec/s2i",
        "APP_ROOT=/opt/app-root",
        "HOME=/opt/app-root/src",
        "PLATFORM=el9",
        "PATH=/opt/app-root/src/bin:/opt/app-root/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HTTPD_VERSION=2.4",
        "HTTPD_DATA_PATH=/var/www",
    ),
    user="1001",
    working_dir="/opt/app-root/src",
    stop_signal="SIGWINCH",
    read_at=datetime(2026, 11, 25, tzinfo=UTC),
    read_from="the image's published sources",
)
_SAMPLES = {WEB_IMAGE: _HTTPD}


class GuestImage(NamedTuple):
    """`known` is False where nobody locked the image: its entrypoint, variables and user are then taken to be empty."""

    config: LockedImage
    known: bool


def find(reference: str) -> GuestImage:
    """The image that a pod names: as the lock files write it, else by its digest, else unknown."""
    locked = {**_SAMPLES, **dict(_locked(ROOT / "workloads"))}
    digest = digest_of(reference)
    if found := locked.get(reference):
        return GuestImage(found, True)
    if digest and (same := next((one for one in locked.values() if one.digest == digest), None)):
        return GuestImage(same, True)
    return GuestImage(unknown(digest), False)


def unknown(digest: str | None) -> LockedImage:
    """An image that sets nothing."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return LockedImage(digest=ImageDigest(digest or f"sha256:{'0' * 64}"), read_at=made, read_from="nobody")


def digest_of(reference: str) -> str | None:
    """The digest in a reference; None where it has none, or none that is a digest."""
    _, _, digest = reference.partition("@")
    right = digest.startswith("sha256:") and len(digest) == 71 and set(digest[7:]) <= set("0123456789abcdef")
    return digest if right else None


@lru_cache(maxsize=4)
def _locked(folder: Path) -> tuple[tuple[str, LockedImage], ...]:
    return tuple(_read(folder))


def _read(folder: Path) -> Iterator[tuple[str, LockedImage]]:
    """What cannot be read is the program's to complain about; to the registry it makes no difference."""
    for path in sorted(folder.glob("*/images.lock.yaml")):
        try:
            yield from Lock.model_validate(yaml.safe_load(path.read_text("utf-8"))).images.items()
        except (OSError, ValidationError, yaml.YAMLError, UnicodeDecodeError):
            continue
