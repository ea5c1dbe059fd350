"""A registry that hands out images of the sandbox, with TLS, under the names of those whose place they take.

Only pulls by digest (OCI distribution-spec, 1.1: end-1 to end-3). It serves what it is given, tampered with or not: to notice is the
guest's part.
"""

from __future__ import annotations

import http.server
import ssl
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sandbox.guest.real.image import Image
from sandbox.openshift.reactions.certificates import issue, new_key


class Registry(NamedTuple):
    """`port` of loopback; `ca` (PEM) signed its certificate. `images`, by repository without the host, may be changed."""

    port: int
    ca: str
    images: dict[str, Image]


@contextmanager
def serving(hosts: Sequence[str], images: Mapping[str, Image]) -> Generator[Registry, None, None]:
    """A registry that is called each of `hosts`, until the block ends."""
    served = dict(images)
    ca, chain, key = _certificate(hosts)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder, "pair.pem")
        pair.write_text(key + chain)
        context.load_cert_chain(pair)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Registry(server.server_address[1], ca, served)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(images: Mapping[str, Image]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            media, content = "application/json", b"{}"
            if self.path.rstrip("/") != "/v2":
                repository, _, digest = self.path.removeprefix("/v2/").rpartition("/")
                name, _, kind = repository.rpartition("/")
                found = images[name].documents.get(digest) if name in images else None
                if found is None or kind not in ("manifests", "blobs"):
                    self.send_error(404)
                    return
                media, content = found if kind == "manifests" else ("application/octet-stream", found[1])
            self.send_response(200)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: what a guest pulls shows in the guest's own log."""

    return Handler


def _certificate(hosts: Sequence[str]) -> tuple[str, str, str]:
    """A certificate authority, and a certificate that it signed for `hosts` with its key; all in PEM, valid for a day."""
    elliptic, day = {"algorithm": "ECDSA"}, {"duration": "24h"}
    ca = issue({"commonName": "registry of the sandbox", "isCA": True, **day}, new_key(elliptic), None)
    leaf = issue({"commonName": hosts[0][:64], "dnsNames": list(hosts), **day}, new_key(elliptic), ca)
    return ca.root, leaf.chain, leaf.key
