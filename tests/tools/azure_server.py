"""An Azure Resource Manager on loopback that gives recorded answers, and an `az` that gives a token."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "canary-token"


class AzureServer:
    """`pages` are the answers by path; one with a `status` is sent with that. `asked` are the queries, by path."""

    def __init__(self, pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: dict[str, dict[str, list[str]]] = {}
        self.tokens: set[str] = set()
        azure = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                azure.asked[parts.path] = parse_qs(parts.query)
                azure.tokens.add(self.headers["Authorization"])
                nothing = {"status": 404, "error": {"code": "NotFound", "message": "none"}}
                page = azure.pages.get(parts.path, nothing)
                self.send_response(page.get("status", 200))
                self.end_headers()
                self.wfile.write(json.dumps(page).encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def az(folder: Path, script: str = f"echo {TOKEN}") -> Path:
    """A folder with a program `az` that runs `script`."""
    folder.mkdir(exist_ok=True)
    program = folder / "az"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return folder
