"""Digests as documents have them: hex in lower case."""

import hashlib
import json
from collections.abc import Sequence
from typing import ClassVar, Final

from model.text import FormedText


class Pcr(FormedText):
    """The value of one register of a vTPM's SHA-256 bank."""

    __slots__ = ()
    PATTERN: ClassVar[str] = "[0-9a-f]{64}"
    FORM: ClassVar[str] = "a SHA-256 register: 64 hex digits"


UNMEASURED: Final = Pcr("0" * 64)
"""A register that nothing was measured into, such as PCR8 of every guest without initdata."""


class ImageDigest(FormedText):
    """The digest of a manifest or an index of manifests (OCI image specification, descriptor.md)."""

    __slots__ = ()
    PATTERN: ClassVar[str] = "sha256:[0-9a-f]{64}"
    FORM: ClassVar[str] = "the digest of an image: sha256: and 64 hex digits"


def of_texts(texts: Sequence[str]) -> str:
    """SHA-256 over texts in their order: other texts, or the same ones cut elsewhere, have another one."""
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()
