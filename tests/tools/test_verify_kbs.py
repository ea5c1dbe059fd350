"""The KBS is asked itself: only the pinned CA vouches for it, and it must refuse whoever brings no token."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.certificates import KEY, certificate, private_key
from tools.verify import kbs

HOST = "kbs.apps.example.com"
URL = f"https://{HOST}"
PATH = "default/kbsres1/key1"
NOW = datetime.now(UTC)


def leaf(host: str = HOST, *, days: int = 30) -> str:
    """A certificate of `tests.certificates`' CA, as cert-manager issues it: a SAN and no subject."""
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "KBS CA")])
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer)
        .public_key(KEY.public_key())
        .serial_number(2)
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True)
        .sign(KEY, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode("ascii")


def other_ca() -> str:
    """One with the same name and another key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "KBS CA")])
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(3)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode("ascii")


@contextmanager
def serving(tmp_path: Path, pem: str, answers: dict[str, int]) -> Iterator[tuple[str, int]]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers.get(self.path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    files = tmp_path / "tls.crt", tmp_path / "tls.key"
    files[0].write_text(pem)
    files[1].write_text(private_key())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

        def get_request(self) -> Any:
            connection, address = super().get_request()
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield "127.0.0.1", server.server_address[1]
        finally:
            server.shutdown()


def states(address: tuple[str, int], ca: str, url: str = URL) -> list[tuple[str, str]]:
    return [(one.state, one.detail) for one in kbs.checks(url, ca, PATH, address=address, now=NOW)]


REFUSES = {f"/kbs/v0/resource/{PATH}": 401}


def test_the_pinned_kbs_that_refuses_is_as_it_should_be(tmp_path: Path) -> None:
    with serving(tmp_path, leaf(), REFUSES) as address:
        assert [state for state, _ in states(address, certificate())] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("pem", "ca", "words"),
    [
        (leaf(), other_ca(), "certificate"),
        (leaf("kbs.other.example.com"), certificate(), "not valid for"),
        (leaf(days=-1), certificate(), "expired"),
    ],
    ids=["another CA", "another host", "expired"],
)
def test_a_certificate_that_a_guest_would_refuse_differs(
    tmp_path: Path, pem: str, ca: str, words: str
) -> None:
    with serving(tmp_path, pem, REFUSES) as address:
        (state, detail), (token, _) = states(address, ca)
    assert (state, token) == ("differs", "not checked")
    assert words in detail


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_any_other_answer_than_a_refusal_differs(tmp_path: Path, status: int) -> None:
    with serving(tmp_path, leaf(), {next(iter(REFUSES)): status}) as address:
        assert states(address, certificate())[1] == ("differs", f"it answers {status} instead of 401")


def test_who_does_not_speak_tls_differs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        Thread(target=answer, daemon=True).start()
        found = states(("127.0.0.1", server.getsockname()[1]), certificate())
    assert [state for state, _ in found] == ["differs", "not checked"]


def test_a_kbs_that_cannot_be_reached_is_not_checked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = states(("127.0.0.1", port), certificate())
    assert [state for state, _ in found] == ["not checked", "not checked"]
    assert "cannot be reached" in found[0][1]
