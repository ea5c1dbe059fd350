"""API servers in trouble, for tests: one that is gone, and one that answers every request with an error.

kube-apiserver cannot be told to give such answers, and the program must get them at the address that it knows. So
the server is stopped during the test, as in an upgrade of a control plane, and another server with the same
certificate answers at its address. The content of the cluster stays. Operators and controllers get the same answers.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from sandbox.apiserver.server import ServerProcesses


@contextmanager
def gone(server: ServerProcesses) -> Generator[None, None, None]:
    """Nobody listens at the API server's address."""
    server.processes["kube-apiserver"].stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def answering(
    server: ServerProcesses, code: int, retry_after: int | None = None
) -> Generator[list[str], None, None]:
    """Every request is answered `code`, with `retry_after` in seconds where it is given; yields the list of those requests."""
    seen: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def refuse(self) -> None:
            seen.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reason = HTTPStatus(code).phrase
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
            status |= {
                "reason": reason.replace(" ", ""),
                "message": f"{reason}: the sandbox answers so for a while",
            }
            body = json.dumps(status).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")  # or a client goes on talking to this one when it is over
            if retry_after is not None:
                self.send_header("Retry-After", str(retry_after))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = refuse

        def log_message(self, format: str, *args: object) -> None: ...

    class Instead(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None: ...  # who has hung up

        def finish_request(self, request: object, client_address: object) -> None:
            assert isinstance(request, ssl.SSLSocket)
            request.settimeout(5)
            with suppress(OSError):
                request.do_handshake()
                super().finish_request(request, client_address)

    with gone(server), Instead(("127.0.0.1", server.port), Refusing) as instead:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(server.folder / "server.crt", server.folder / "server.key")
        instead.socket = context.wrap_socket(instead.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=instead.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            instead.shutdown()
            thread.join()
