"""A stand-in for the transit engine of Vault, on the loopback interface: keys that encrypt for those who may use them.

`pulumi` takes it for a secrets provider, `hashivault://<key>`, as it takes a key of Azure Key Vault. After the API of Vault's
transit secrets engine: what is no key of a token's policy is refused with 403 and `permission denied`.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.fernet import Fernet


@contextmanager
def transit(tokens: Mapping[str, frozenset[str]]) -> Generator[str, None, None]:
    """Its address, while it serves; `tokens`: the names of the keys that each may use."""
    keys = {name: Fernet(Fernet.generate_key()) for names in tokens.values() for name in names}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            verb, _, key = self.path.removeprefix("/v1/transit/").partition("/")
            token = self.headers.get("X-Vault-Token", "")
            if not any(secrets.compare_digest(token, known) and key in may for known, may in tokens.items()):
                self._answer(403, {"errors": ["permission denied"]})
            elif verb == "encrypt":
                text = keys[key].encrypt(base64.b64decode(body["plaintext"])).decode()
                self._answer(200, {"data": {"ciphertext": f"vault:v1:{text}"}})
            elif verb == "decrypt":
                plain = keys[key].decrypt(body["ciphertext"].removeprefix("vault:v1:").encode())
                self._answer(200, {"data": {"plaintext": base64.b64encode(plain).decode()}})
            else:
                self._answer(404, {"errors": []})

        do_POST = do_PUT

        def _answer(self, status: int, body: dict[str, object]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
