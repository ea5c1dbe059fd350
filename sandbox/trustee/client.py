"""What anybody without a TEE can ask of a KBS: whether its TLS is the one the contract names, and what it says to a request."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.shapes import is_map


class Answer(NamedTuple):
    """`body` is the JSON that the KBS answers with; `error` its `type`, shortened to its last part."""

    status: int
    body: object

    @property
    def error(self) -> str:
        problem = self.body.get("type", "") if is_map(self.body) else ""
        return str(problem).rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class KbsClient:
    """Speaks to the KBS that is called `host` at `address`, trusting `ca` (PEM) alone, or the system where it is None."""

    host: str
    address: tuple[str, int]
    ca: str | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def resource(self, path: str) -> Answer:
        """Ask for `default/<secret>/<key>`."""
        return self.get(f"resource/{path}")

    def get(self, path: str) -> Answer:
        """GET below `/kbs/v0/`. Raises ssl.SSLError when the certificate does not verify, OSError when nobody answers."""
        context = ssl.create_default_context(cadata=self.ca)
        connection = http.client.HTTPSConnection(self.host, 443, timeout=30, context=context)
        connection.sock = context.wrap_socket(
            socket.create_connection(self.address, timeout=30), server_hostname=self.host
        )
        try:
            connection.request("GET", f"/kbs/v0/{path}", headers=dict(self.headers))
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        try:
            return Answer(response.status, json.loads(text))
        except json.JSONDecodeError:
            return Answer(response.status, text)
