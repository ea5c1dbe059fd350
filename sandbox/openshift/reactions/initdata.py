"""What the guest makes of initdata: base64 of gzip of TOML with an algorithm, a version and the three documents."""

from __future__ import annotations

import base64
import binascii
import gzip
import tomllib
import zlib
from functools import lru_cache

from sandbox.shapes import map_in

USER_DATA_BYTES = 64 * 1024
"""Azure's limit for a VM's userData, which carries the initdata."""
_DOCUMENTS = {"aa.toml", "cdh.toml", "policy.rego"}


@lru_cache(maxsize=256)
def problem(encoded: str) -> str | None:
    """Why a guest, or Azure, would not take it."""
    if len(encoded) > USER_DATA_BYTES:
        return f"Azure answers 400: userData has {len(encoded)} bytes, at most {USER_DATA_BYTES} are allowed"
    try:
        text = gzip.decompress(base64.b64decode(encoded, validate=True)).decode()
        document = tomllib.loads(text)
    except (binascii.Error, ValueError, OSError, EOFError, zlib.error) as error:
        return f"initdata is not base64(gzip(TOML)): {error}"
    if document.get("version") != "0.1.0" or document.get("algorithm") not in ("sha256", "sha384", "sha512"):
        return 'initdata needs version = "0.1.0" and algorithm = "sha256", "sha384" or "sha512"'
    data = map_in(document, "data")
    if unknown := sorted(set(data) - _DOCUMENTS):
        return f"initdata has documents that the guest does not read: {', '.join(unknown)}"
    for name in ("aa.toml", "cdh.toml"):
        try:
            tomllib.loads(data.get(name, ""))
        except tomllib.TOMLDecodeError as error:
            return f"{name} in the initdata is not TOML: {error}"
    return None


@lru_cache(maxsize=256)
def policy(encoded: str) -> str | None:
    """The agent policy in initdata that has no `problem`; None where it brings none and the guest keeps that of its image."""
    document = tomllib.loads(gzip.decompress(base64.b64decode(encoded)).decode())
    return map_in(document, "data").get("policy.rego")
