"""Image references, as manifests write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# The grammar of github.com/distribution/reference, with the registry always written out.
_REFERENCE: Final = re.compile(
    r"(?P<registry>[A-Za-z0-9](?:[-.A-Za-z0-9]*[A-Za-z0-9])?(?::[0-9]+)?)"
    r"/(?P<path>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][-.A-Za-z0-9_]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class BadReference(ValueError):
    """The text names no image that can be pinned; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """``path`` is the repository within ``registry``; ``tag`` is empty where only a digest is given."""

    registry: str
    path: str
    tag: str
    digest: str

    @property
    def repository(self) -> str:
        return f"{self.registry}/{self.path}"


def parse(text: str) -> Reference:
    """Raises BadReference. A reference without tag and digest means the tag ``latest``, as everywhere."""
    match = _REFERENCE.fullmatch(text)
    first = text.partition("/")[0]
    if match is None or not ("." in first or ":" in first or first == "localhost"):
        raise BadReference(
            "must be registry/repository with :tag or @sha256:..., for example registry.access.redhat.com/ubi9/httpd-24:1"
        )
    path, tag, digest = match["path"], match["tag"] or "", match["digest"] or ""
    if first == "docker.io" and "/" not in path:
        path = f"library/{path}"
    return Reference(
        registry=match["registry"], path=path, tag=tag or ("" if digest else "latest"), digest=digest
    )
