"""In place of the cluster's router: an HTTP proxy on loopback that leads to the KBS under its own name and port.

As the stack's Route does, it passes TLS through. A program that is told of it (`HTTPS_PROXY`) uses the very URL that the stack
publishes; every other address is refused.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BLOCK = 65536


@contextmanager
def serving(host: str, port: int) -> Generator[str, None, None]:
    """The proxy's URL; it leads `host`:443 to `port` on 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            if self.path.lower() != f"{host}:443":
                self.send_error(403, f"this router has a route for {host}:443 only")
                return
            try:
                upstream = socket.create_connection(("127.0.0.1", port))
            except OSError:
                self.send_error(502, "the KBS does not answer")
                return
            self.send_response(200)
            self.end_headers()
            with upstream:
                back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
                back.start()
                _pump(self.connection, upstream)
                back.join()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(_BLOCK):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
