"""Reads an image from a registry: index, manifest and configuration, each held to its digest here."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import requests
from dxf import DXF, DXFBase
from dxf.exceptions import DXFAuthInsecureError, DXFDigestMismatchError, DXFError, DXFUnauthorizedError
from pydantic import ValidationError

from model.workloads.images import Reference, parse
from model.workloads.lock import LockedImage
from tools.pin import credentials
from tools.pin.errors import PinError
from tools.pin.places import RegistryPlace, authorities, bundle, places

_INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CONFIGS: Final = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_MAX_BYTES: Final = 4 * 1024 * 1024  # what registries take for a manifest; configurations are smaller
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SECONDS: Final = 30
_T = TypeVar("_T")


class _Elsewhere(PinError):
    """This place has no answer; the next one may."""


def read(text: str, now: datetime, environment: Mapping[str, str]) -> LockedImage:
    """The image that a reference names, at the first place that has it. Raises PinError."""
    reference = parse(text)
    reasons: list[str] = []
    for place in places(reference, environment):
        try:
            return _Source(reference, place, environment).image(now)
        except _Elsewhere as error:
            reasons.append(str(error))
    raise PinError("; ".join(reasons))


class _Source:
    def __init__(self, reference: Reference, place: RegistryPlace, environment: Mapping[str, str]) -> None:
        self._reference = reference
        self._place = place
        self._environment = environment

    def image(self, now: datetime) -> LockedImage:
        with tempfile.NamedTemporaryFile("w", suffix=".crt") as trusted:
            for file in (
                bundle(self._environment),
                *authorities(self._place.registry, self._environment),
            ):
                trusted.write(file.read_text("utf-8") + "\n")
            trusted.flush()
            with self._client(Path(trusted.name)) as client:
                digest, manifest = self._manifest(client)
                config = self._config(client, manifest)
        return self._locked(digest, config, now)

    def _client(self, trusted: Path) -> DXF:
        host = "registry-1.docker.io" if self._place.registry == "docker.io" else self._place.registry
        return DXF(
            host,
            self._place.path,
            auth=self._log_in,
            insecure=self._place.insecure,
            tlsverify=str(trusted),
            timeout=_SECONDS,
        )

    def _log_in(self, client: DXFBase, response: requests.Response) -> None:
        found = credentials.find(self._place.repository, self._environment)
        name, password = (None, None) if found is None else (found.username, found.password)
        client.authenticate(name, password, actions=["pull"], response=response)

    def _manifest(self, client: DXF) -> tuple[str, dict[str, Any]]:
        """The digest that the reference means, and the manifest for linux/amd64."""
        wanted = self._reference.digest
        digest, kind, content = self._get(client, wanted or self._reference.tag, wanted)
        if kind in _MANIFESTS:
            return digest, content
        if kind not in _INDEXES:
            raise self._error(f"is of the type {kind}, which is no image", "push it as an OCI image")
        for entry in self._list(content, "manifests"):
            platform = _mapping(entry.get("platform"))
            if (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
                inner = self._digest(entry)
                _, inner_kind, manifest = self._get(client, inner, inner)
                if inner_kind not in _MANIFESTS:
                    raise self._error(f"has an index entry of the type {inner_kind}", "push it again")
                return digest, manifest
        raise self._error("has no image for linux/amd64", "build it for that platform")

    def _get(self, client: DXF, name: str, wanted: str) -> tuple[str, str, dict[str, Any]]:
        """Digest, media type and content of a manifest or index. ``wanted`` may be empty."""
        _, response = self._ask(lambda: client.get_manifest_and_response(name))
        body = response.content
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        for said in (wanted, response.headers.get("Docker-Content-Digest", "")):
            if said and said != digest:
                raise self._error(
                    f"has other content, {digest}, than its digest {said} says", "do not use it"
                )
        content = self._json(body)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if content.get("mediaType", kind) != kind:
            raise self._error(
                f"is served as {kind} but says that it is {content['mediaType']}", "do not use it"
            )
        return digest, kind, content

    def _config(self, client: DXF, manifest: Mapping[str, Any]) -> dict[str, Any]:
        entry = _mapping(manifest.get("config"))
        if entry.get("mediaType") not in _CONFIGS:
            raise self._error("is an artifact and no image to run", "name another")
        digest = self._digest(entry)

        def pull() -> bytes:
            body = b""
            for chunk in cast(Any, client.pull_blob(digest)):
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise self._error(f"has a configuration of over {_MAX_BYTES} bytes", "do not use it")
            return body

        body = self._ask(pull)
        if digest != f"sha256:{hashlib.sha256(body).hexdigest()}":
            raise self._error(f"has another configuration than its digest {digest} says", "do not use it")
        config = self._json(body)
        if (config.get("os"), config.get("architecture")) != ("linux", "amd64"):
            raise self._error("is not for linux/amd64", "build it for that platform")
        return config

    def _locked(self, digest: str, config: Mapping[str, Any], now: datetime) -> LockedImage:
        settings = _mapping(config.get("config"))
        told: dict[str, Any] = {
            "digest": digest,
            "entrypoint": settings.get("Entrypoint") or [],
            "command": settings.get("Cmd") or [],
            "environment": settings.get("Env") or [],
            "user": settings.get("User") or "",
            "workingDir": settings.get("WorkingDir") or "",
            "stopSignal": settings.get("StopSignal") or "",
            "readAt": now,
            "readFrom": self._place.repository,
        }
        try:
            return LockedImage.model_validate(told)
        except ValidationError:
            raise self._error(
                "has a configuration that is not as the OCI specification says", "build it again"
            ) from None

    def _ask(self, act: Callable[[], _T]) -> _T:
        place = self._place
        try:
            return act()
        except DXFDigestMismatchError as error:
            raise self._error(str(error), "do not use it") from None
        except DXFAuthInsecureError:
            raise self._error(
                "wants credentials over plain HTTP, where anybody could read them", "serve it with TLS"
            ) from None
        except DXFUnauthorizedError:
            raise self._refused() from None
        except requests.exceptions.SSLError:
            raise _Elsewhere(
                f"the certificate of {place.registry} is not trusted: put that of its authority into "
                f"~/.config/containers/certs.d/{place.registry}/ca.crt"
            ) from None
        except requests.exceptions.HTTPError as error:
            status = 0 if error.response is None else error.response.status_code
            raise self._answered(status) from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise _Elsewhere(
                f"{place.registry} cannot be reached ({type(error).__name__}): check its name, the network and the proxy"
            ) from None
        except (DXFError, KeyError, ValueError) as error:
            raise self._error(
                f"is answered in a way that no registry should ({type(error).__name__})",
                "report it to its owner",
            ) from None

    def _answered(self, status: int) -> PinError:
        if status == 404:
            return _Elsewhere(f"{self._name()} is not there: correct the name, or push the image")
        if status == 403:
            return self._refused()
        return _Elsewhere(f"{self._place.registry} answers with status {status}: try again later")

    def _refused(self) -> PinError:
        registry = self._place.registry
        return _Elsewhere(
            f"{self._name()} may not be read with the credentials for {registry}, or there are none: run podman login {registry}"
        )

    def _error(self, rule: str, fix: str) -> PinError:
        return PinError(f"{self._name()} {rule}: {fix}")

    def _name(self) -> str:
        reference = self._reference
        version = f"@{reference.digest}" if reference.digest else f":{reference.tag}"
        return f"{self._place.repository}{version}"

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            content = json.loads(body) if len(body) <= _MAX_BYTES else None
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise self._error("has content that is no JSON mapping of usual size", "push it again")
        return cast(dict[str, Any], content)

    def _list(self, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        found = content.get(key)
        elements = cast(list[Any], found) if isinstance(found, list) else []
        return [_mapping(each) for each in elements]

    def _digest(self, described: Mapping[str, Any]) -> str:
        digest = described.get("digest")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise self._error("refers to content by something other than a SHA-256 digest", "push it again")
        return digest


def _mapping(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
