"""Credentials of registries from the files that podman, skopeo and docker write (containers-auth.json(5))."""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from tools.pin.errors import PinError

_DOCKER_HUB: Final = "https://index.docker.io/v1/"  # the key that docker writes for docker.io
_NOT_FOUND: Final = "credentials not found"  # what a credential helper answers, in every language


@dataclass(frozen=True)
class RegistryCredentials:
    username: str
    password: str = field(repr=False)


def find(repository: str, environment: Mapping[str, str]) -> RegistryCredentials | None:
    """Those for ``registry/path``, of the most specific key in the first file that has one. Raises PinError."""
    for file in _files(environment):
        if not file.is_file():
            continue
        found = _in_file(file, repository)
        if found is not None:
            return found
    return None


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    if named := environment.get("REGISTRY_AUTH_FILE"):
        if not Path(named).is_file():
            raise PinError(f"$REGISTRY_AUTH_FILE names {named}, which is no file: correct it or unset it")
        yield Path(named)
        return
    home = Path(environment.get("HOME") or Path.home())
    runtime = environment.get("XDG_RUNTIME_DIR")
    yield (Path(runtime) if runtime else Path(f"/run/containers/{os.getuid()}")) / "containers/auth.json"
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers/auth.json"
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def _in_file(file: Path, repository: str) -> RegistryCredentials | None:
    try:
        content = _mapping(json.loads(file.read_text("utf-8")))
        entries = {_normal(key): _mapping(entry) for key, entry in _mapping(content.get("auths", {})).items()}
        helpers = _mapping(content.get("credHelpers", {}))
    except (OSError, ValueError) as error:
        raise PinError(
            f"{file} cannot be read as a file of credentials ({type(error).__name__}): log in again"
        ) from None
    registry = repository.partition("/")[0]
    parts = repository.split("/")
    for end in range(len(parts), 0, -1):
        key = "/".join(parts[:end])
        if (entry := entries.get(key)) and (entry.get("auth") or entry.get("identitytoken")):
            return _decoded(file, key, entry)
        if key in helpers:
            return _from_helper(str(helpers[key]), registry)
    store = content.get("credsStore")
    return _from_helper(store, registry) if isinstance(store, str) and store else None


def _decoded(file: Path, key: str, entry: Mapping[str, Any]) -> RegistryCredentials:
    if entry.get("identitytoken"):
        raise PinError(
            f"{file} has an identity token for {key}, which is not supported: log in with a user name and a password or token"
        )
    try:
        name, colon, password = base64.b64decode(str(entry["auth"]), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name = colon = password = ""
    if not colon:
        raise PinError(f"the entry of {key} in {file} is not base64 of user:password: log in again")
    return RegistryCredentials(name, password)


def _from_helper(helper: str, registry: str) -> RegistryCredentials | None:
    program = f"docker-credential-{helper}"
    asked = _DOCKER_HUB if registry == "docker.io" else registry
    try:
        done = subprocess.run([program, "get"], input=asked, capture_output=True, text=True, check=False)
    except OSError:
        raise PinError(f"{program}, which keeps the credentials, is not on PATH: install it") from None
    if done.returncode:
        if _NOT_FOUND in done.stdout + done.stderr:
            return None
        raise PinError(f"{program} gives no credentials for {registry}: log in again")
    try:
        answer = _mapping(json.loads(done.stdout))
        return RegistryCredentials(str(answer["Username"]), str(answer["Secret"]))
    except (ValueError, KeyError):
        raise PinError(f"{program} gives no credentials for {registry}: log in again") from None


def _normal(key: str) -> str:
    """Docker's keys may be addresses of an API; others are the registry, if need be with a path."""
    if key == _DOCKER_HUB:
        return "docker.io"
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare.removesuffix("/v1").removesuffix("/v2")


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no mapping")
    return cast(dict[str, Any], value)
