"""``images.lock.yaml``: for each image that a workload's manifests name, its digest and what the image itself sets.

Written by ``make pin``, reviewed like code, read without asking any registry.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from model.digests import ImageDigest


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class LockedImage(_Section):
    """One image. ``digest`` is that of the index where the reference names one, else of the manifest.

    ``entrypoint`` to ``stop_signal`` come from the configuration of the image for linux/amd64 (OCI image specification, config.md).
    ``environment`` holds ``NAME=value`` texts in the image's order. ``read_from`` is the registry and repository that answered.
    """

    digest: ImageDigest
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    stop_signal: str = ""
    read_at: datetime
    read_from: str = Field(min_length=1)


class Lock(_Section):
    """``images``: by the reference as the manifests write it, such as ``registry.access.redhat.com/ubi9/httpd-24:1-336``."""

    images: Mapping[str, LockedImage]
