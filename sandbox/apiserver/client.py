"""A small client of the Kubernetes API: JSON over HTTPS with a kubeconfig's credentials."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import urllib3
import yaml

Manifest = dict[str, Any]
_RETRIED = (429, 500, 502, 503, 504)


class ApiError(Exception):
    """What the API server answered instead; `code` is 0 when it did not answer."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message


class ApiClient:
    """Sends a request again, up to `retries` times and with growing pauses, while the server says 429 or 5xx or nothing."""

    def __init__(
        self, server: str, context: ssl.SSLContext, headers: dict[str, str], *, retries: int = 6
    ) -> None:
        self.server = server.rstrip("/")
        self._headers = {"Accept": "application/json", **headers}
        # Every watch keeps a connection.
        self._pool = urllib3.PoolManager(maxsize=64, ssl_context=context)
        self._retry = urllib3.Retry(
            total=retries,
            backoff_factor=0.2,
            status_forcelist=_RETRIED,
            allowed_methods=None,
            raise_on_status=False,
        )

    @classmethod
    def of(cls, kubeconfig: str, *, retries: int = 6) -> ApiClient:
        """With the current context of a kubeconfig (YAML). Raises ValueError for credentials other than token and certificate."""
        config = yaml.safe_load(kubeconfig)
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        trusted = ssl.create_default_context(cadata=_text(cluster, "certificate-authority") or None)
        headers: dict[str, str] = {}
        if "token" in user:
            headers["Authorization"] = f"Bearer {user['token']}"
        elif certificate := _text(user, "client-certificate"):
            with tempfile.NamedTemporaryFile("w") as file:  # ssl takes a client's key from a file only
                file.write(certificate + "\n" + _text(user, "client-key"))
                file.flush()
                trusted.load_cert_chain(file.name)
        else:
            raise ValueError("the kubeconfig's user has neither a token nor a client certificate")
        return cls(cluster["server"], trusted, headers, retries=retries)

    def ready(self) -> bool:
        """Asks once."""
        with suppress(urllib3.exceptions.HTTPError):
            answer = self._pool.request(
                "GET", f"{self.server}/readyz", headers=self._headers, retries=False, timeout=2
            )
            return answer.status == 200
        return False

    def get(self, path: str) -> Manifest:
        return self._send("GET", path)

    def find(self, path: str) -> Manifest | None:
        """None where there is nothing."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def create(self, path: str, manifest: Manifest, *, manager: str) -> Manifest:
        return self._send("POST", path, manifest, fieldManager=manager)

    def replace(self, path: str, manifest: Manifest, *, manager: str) -> Manifest:
        return self._send("PUT", path, manifest, fieldManager=manager)

    def apply(
        self, path: str, manifest: Manifest, *, manager: str, force: bool = True, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply, strict: a field that the schema does not know is refused."""
        options = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            options["dryRun"] = "All"
        return self._send("PATCH", path, manifest, "application/apply-patch+yaml", **options)

    def merge(self, path: str, change: Manifest, *, manager: str) -> Manifest:
        return self._send("PATCH", path, change, "application/merge-patch+json", fieldManager=manager)

    def delete(self, path: str, *, grace: int | None = None) -> Manifest | None:
        """What is left of it for now, or a Status; None where there was nothing. `grace` in seconds, for a pod."""
        options: Manifest = {"propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            return self._send("DELETE", path, options)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def watch(self, path: str, version: str, seconds: int = 300) -> Iterator[tuple[str, Manifest]]:
        """Events (type, object) since a resourceVersion, for some minutes. Raises ApiError 410 when that is too old."""
        query = {
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
            "allowWatchBookmarks": "true",
        }
        try:
            answer = self._pool.request(
                "GET",
                f"{self.server}{path}?{urlencode(query)}",
                headers=self._headers,
                preload_content=False,
                retries=False,
                timeout=urllib3.Timeout(connect=5, read=seconds + 30),
            )
            with answer:
                if answer.status != 200:
                    raise _error(answer.status, answer.read())
                for line in _lines(answer):
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise _error(event["object"].get("code", 500), json.dumps(event["object"]).encode())
                    yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(0, "Unreachable", f"{self.server}: {error}") from None

    def _send(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        form: str = "application/json",
        **query: str,
    ) -> Manifest:
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        content = json.dumps(body).encode() if body is not None else None
        headers = {**self._headers, "Content-Type": form} if content else self._headers
        try:
            answer = self._pool.request(
                method, url, body=content, headers=headers, retries=self._retry, timeout=30
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(0, "Unreachable", f"{self.server}: {error}") from None
        if answer.status >= 400:
            raise _error(answer.status, answer.data)
        return json.loads(answer.data)


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for part in answer.stream(amt=None):
        *whole, rest = (rest + part).split(b"\n")
        yield from filter(None, whole)


def _error(code: int, body: bytes) -> ApiError:
    try:
        status = json.loads(body)
        return ApiError(code, status.get("reason") or str(code), status.get("message") or "")
    except (ValueError, AttributeError):
        return ApiError(code, str(code), body.decode(errors="replace").strip())


def _named(items: list[Manifest], name: str) -> Manifest:
    return next(item for item in items if item["name"] == name)


def _text(holder: Manifest, name: str) -> str:
    """PEM from `<name>-data` or from the file that `<name>` names; "" where there is neither."""
    if data := holder.get(f"{name}-data"):
        return base64.b64decode(data).decode()
    return Path(cast("str", holder[name])).read_text() if holder.get(name) else ""
