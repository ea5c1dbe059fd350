"""Where an image is read: mirrors of registries.conf and authorities of certs.d, as podman and CRI-O use them.

See containers-registries.conf(5) and containers-certs.d(5).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import certifi

from model.workloads.images import Reference
from tools.pin.errors import PinError

_SYSTEM: Final = Path("/etc/containers")


@dataclass(frozen=True, kw_only=True)
class RegistryPlace:
    """A repository at a registry that may answer. ``insecure``: over plain HTTP, to which no credential is sent."""

    registry: str
    path: str
    insecure: bool = False

    @property
    def repository(self) -> str:
        return f"{self.registry}/{self.path}"


def places(reference: Reference, environment: Mapping[str, str]) -> list[RegistryPlace]:
    """The mirrors first, then the registry itself. Raises PinError where registries.conf is bad or blocks the registry."""
    best = max(
        (
            (len(prefix), entry)
            for entry in _entries(environment)
            if _covers(prefix := _text(entry, "prefix") or _text(entry, "location"), reference)
        ),
        key=lambda each: each[0],
        default=None,
    )
    if best is None:
        return [RegistryPlace(registry=reference.registry, path=reference.path)]
    entry = best[1]
    if entry.get("blocked") is True:
        raise PinError(f"registries.conf blocks {reference.repository}: use another registry")
    prefix = _text(entry, "prefix") or _text(entry, "location")
    unused = "tag-only" if reference.digest else "digest-only"
    mirrors = [
        each
        for each in _tables(entry.get("mirror", []))
        if each.get("pull-from-mirror") != unused
        and not (entry.get("mirror-by-digest-only") is True and not reference.digest)
    ]
    return [_place(each, prefix, reference) for each in (*mirrors, entry)]


def authorities(registry: str, environment: Mapping[str, str]) -> list[Path]:
    """The files of certificates that this registry's own certificate may be signed by, besides the usual ones."""
    folders = [_home(environment) / "certs.d", _SYSTEM / "certs.d", Path("/etc/docker/certs.d")]
    return [file for folder in folders for file in sorted((folder / registry).glob("*.crt"))]


def bundle(environment: Mapping[str, str]) -> Path:
    """The file of the usual certificates."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        if named := environment.get(name):
            if not Path(named).is_file():
                raise PinError(f"${name} names {named}, which is no file: correct it or unset it")
            return Path(named)
    return Path(certifi.where())


def _home(environment: Mapping[str, str]) -> Path:
    home = environment.get("HOME") or os.path.expanduser("~")
    return Path(environment.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "containers"


def _entries(environment: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for file in _files(environment):
        try:
            yield from _tables(tomllib.loads(file.read_text("utf-8")).get("registry", []))
        except (OSError, ValueError) as error:
            raise PinError(f"{file} cannot be read: correct it ({error})") from None


def _files(environment: Mapping[str, str]) -> list[Path]:
    if named := environment.get("CONTAINERS_REGISTRIES_CONF"):
        return [Path(named)]
    own, system = _home(environment), _SYSTEM
    first = next((f for f in (own / "registries.conf", system / "registries.conf") if f.is_file()), None)
    drop_ins = [
        file for folder in (system, own) for file in sorted((folder / "registries.conf.d").glob("*.conf"))
    ]
    return [*([first] if first else []), *drop_ins]


def _covers(prefix: str, reference: Reference) -> bool:
    if prefix.startswith("*."):
        return reference.registry.endswith(prefix[1:])
    return bool(prefix) and f"{reference.repository}/".startswith(f"{prefix}/")


def _place(entry: Mapping[str, Any], prefix: str, reference: Reference) -> RegistryPlace:
    location = _text(entry, "location")
    whole = reference.repository
    if location and not prefix.startswith("*."):
        whole = location + whole.removeprefix(prefix)
    registry, _, path = whole.partition("/")
    return RegistryPlace(registry=registry, path=path, insecure=entry.get("insecure") is True)


def _tables(value: Any) -> list[Mapping[str, Any]]:
    found = cast(list[Any], value) if isinstance(value, list) else [None]
    if not all(isinstance(each, dict) for each in found):
        raise ValueError("a [[registry]] or [[registry.mirror]] is no table")
    return cast(list[Mapping[str, Any]], found)


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key, "")
    return value if isinstance(value, str) else ""
