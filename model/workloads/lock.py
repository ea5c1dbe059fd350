"""``images.lock.yaml``: for each image that a workload's manifests name, its digest and what the image itself sets.

Written by ``make pin``, reviewed like code, read without asking any registry.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from model.digests import ImageDigest
from model.workloads import documents
from model.workloads.documents import DocumentError

FILE: Final = "images.lock.yaml"
UNREAD: Final = "not read from a registry"
_HEAD: Final = """\
# What the images of this workload are and set by themselves. Written by `make pin`; review it like code.
"""


class _LockData(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class LockedImage(_LockData):
    """One image. ``digest`` is that of the index where the reference names one, else of the manifest.

    ``entrypoint`` to ``stop_signal`` come from the configuration of the image for linux/amd64 (OCI image specification, config.md).
    ``environment`` holds ``NAME=value`` texts in the image's order. ``read_from`` is the registry and repository that answered, or
    UNREAD where a person wrote the entry.
    """

    digest: ImageDigest
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    stop_signal: str = ""
    read_at: AwareDatetime
    read_from: str = Field(min_length=1)

    @property
    def settings(self) -> dict[str, Any]:
        """What is pinned: all but when and where it was read."""
        return self.model_dump(mode="json", by_alias=True, exclude={"read_at", "read_from"})


class Lock(_LockData):
    """``images``: by the reference as the manifests write it, such as ``registry.access.redhat.com/ubi9/httpd-24:1-336``."""

    images: Mapping[str, LockedImage]


def read(text: str) -> Lock:
    """Raises DocumentError with all that is wrong."""
    found = documents.documents(text)
    if len(found) != 1:
        raise DocumentError("must be one YAML document", "write it anew with make pin")
    try:
        return Lock.model_validate(found[0])
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise DocumentError("must be a lock file as make pin writes it", "; ".join(wrong)) from None


def render(lock: Lock) -> str:
    """The text of the file: the same for the same lock, images in the order of their names, settings that are empty left out."""
    images = {
        reference: {
            key: value
            for key, value in lock.images[reference].model_dump(mode="json", by_alias=True).items()
            if value or key == "digest"
        }
        | {"readAt": _instant(lock.images[reference].read_at)}
        for reference in sorted(lock.images)
    }
    return _HEAD + documents.render({"images": images})


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
