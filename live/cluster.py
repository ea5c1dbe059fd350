"""Reads a cluster and changes nothing. It never asks for the content of Secrets."""

import base64
import contextlib
import json
import os
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote, urlencode

import yaml

# No second choice: a server that cannot leave the content out must refuse.
_METADATA_ONLY = "application/json;as=PartialObjectMetadata{of_list};g=meta.k8s.io;v=v1"
_SECONDS = 20


class Unreachable(Exception):
    """The cluster does not answer, or not to this kubeconfig; the message says which and why."""


class Live(Protocol):
    """A cluster. An object is its manifest, of a Secret without its content."""

    @property
    def where(self) -> str:
        """For a person: which cluster this is."""
        ...

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        """None where there is no such object or kind. Raises Unreachable."""
        ...

    def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
        """All of a namespace, or of all where it is empty. Raises Unreachable."""
        ...


class LiveCluster:
    """The cluster of a kubeconfig's current context, by token or client certificate."""

    def __init__(self, kubeconfig: str, name: str = "kubeconfig") -> None:
        """`kubeconfig` is YAML, `name` where it comes from. Raises Unreachable."""
        try:
            config = yaml.safe_load(kubeconfig)
            context = _named(config, "contexts", config["current-context"])["context"]
            cluster = _named(config, "clusters", context["cluster"])["cluster"]
            user = _named(config, "users", context["user"])["user"]
            self._server = str(cluster["server"]).rstrip("/")
            self._headers = {"Authorization": f"Bearer {_token(user)}"} if _token(user) else {}
            self._opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_tls(cluster, user))
            )
        except (OSError, yaml.YAMLError, KeyError, TypeError, StopIteration, ValueError) as error:
            raise Unreachable(
                f"The {name} cannot be used ({error!r}): it needs a current context with a server."
            ) from error
        if not self._server.startswith("https://"):
            raise Unreachable(f"The {name} names {self._server}, which is not https.")
        self._resources: dict[str, dict[str, Mapping[str, Any]]] = {}

    @classmethod
    def at(cls, path: Path) -> "LiveCluster":
        """Of a kubeconfig's file. Raises Unreachable."""
        try:
            return cls(path.read_text("utf-8"), f"kubeconfig {path}")
        except (OSError, UnicodeDecodeError) as error:
            raise Unreachable(f"The kubeconfig {path} cannot be read: {error}.") from error

    @property
    def where(self) -> str:
        return self._server

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        path = self._path(api_version, kind, namespace)
        return self._ask(f"{path}/{quote(name)}", kind) if path else None

    def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
        path = self._path(api_version, kind, namespace)
        found: list[Mapping[str, Any]] = []
        more = ""
        while path:
            page = self._ask(f"{path}?{urlencode({'limit': 500, 'continue': more})}", kind) or {}
            found += page.get("items") or []
            metadata = cast(Mapping[str, Any], page.get("metadata") or {})
            more = str(metadata.get("continue") or "")
            path = path if more else None
        return found

    def _path(self, api_version: str, kind: str, namespace: str) -> str | None:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if root not in self._resources:
            listed = cast(Sequence[Mapping[str, Any]], (self._ask(root) or {}).get("resources") or ())
            self._resources[root] = {str(one["kind"]): one for one in listed if "/" not in one["name"]}
        known = self._resources[root].get(kind)
        if known is None:
            return None
        return (
            f"{root}/namespaces/{quote(namespace)}/{known['name']}"
            if known["namespaced"] and namespace
            else f"{root}/{known['name']}"
        )

    def _ask(self, path: str, kind: str = "") -> Mapping[str, Any] | None:
        of_list = "List" if "?" in path else ""
        accept = _METADATA_ONLY.format(of_list=of_list) if kind == "Secret" else "application/json"
        request = urllib.request.Request(  # noqa: S310 -- https, checked when it was read
            self._server + path, headers={**self._headers, "Accept": accept}
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise Unreachable(f"{self._server} answers {error.code} {error.reason} to GET {path}.") from error
        except (OSError, ValueError) as error:
            raise Unreachable(f"{self._server} cannot be asked: {error}.") from error


def _named(config: Any, section: str, name: str) -> Any:
    return next(one for one in config[section] if one["name"] == name)


def _token(user: Mapping[str, Any]) -> str:
    if file := user.get("tokenFile"):
        return Path(str(file)).read_text("utf-8").strip()
    if "exec" in user or "auth-provider" in user:
        raise ValueError(
            "it gets its credentials from a program; make one with `oc login` or `oc create token`"
        )
    return str(user.get("token") or "")


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    if cluster.get("insecure-skip-tls-verify"):
        raise ValueError("it says insecure-skip-tls-verify, so whoever answers could say anything")
    authority = _content(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    context.verify_flags &= (
        ~ssl.VERIFY_X509_STRICT
    )  # on from Python 3.13; cluster CAs have no key identifiers
    certificate, key = _content(user, "client-certificate"), _content(user, "client-key")
    if certificate and key:
        with _file(certificate) as cert_file, _file(key) as key_file:
            context.load_cert_chain(cert_file, key_file)
    return context


def _content(section: Mapping[str, Any], key: str) -> bytes | None:
    if data := section.get(f"{key}-data"):
        return base64.b64decode(str(data))
    return Path(str(section[key])).read_bytes() if section.get(key) else None


@contextlib.contextmanager
def _file(content: bytes) -> Generator[str, None, None]:
    """For the ssl module, which takes keys from files only; only this user can read the file, and it is deleted afterwards."""
    descriptor, name = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield name
    finally:
        Path(name).unlink()
