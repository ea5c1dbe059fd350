"""Images made in tests, and a registry on loopback that answers with them as they are, right or wrong."""

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests import certificates

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
SETTINGS: dict[str, Any] = {
    "Entrypoint": ["/entry"],
    "Cmd": ["serve", "--all"],
    "Env": ["PATH=/usr/bin", "A=b=c"],
    "User": "1001:0",
    "WorkingDir": "/srv",
    "StopSignal": "SIGWINCH",
}
LOCKED = {
    "entrypoint": ["/entry"],
    "command": ["serve", "--all"],
    "environment": ["PATH=/usr/bin", "A=b=c"],
    "user": "1001:0",
    "workingDir": "/srv",
    "stopSignal": "SIGWINCH",
}
USER, PASSWORD, TOKEN = "reader", "hunter2-canary", "token-canary"


def digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


def descriptor(body: bytes, kind: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest(body), "size": len(body), **more}


@dataclass(frozen=True)
class Image:
    """A manifest and the blobs that it names, as bytes."""

    manifest: bytes
    blobs: tuple[bytes, ...]


def image(settings: object = SETTINGS, *, architecture: str = "amd64", kind: str = CONFIG) -> Image:
    config = encode({"architecture": architecture, "os": "linux", "config": settings})
    layer = b"layer of " + architecture.encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(config, kind),
        "layers": [descriptor(layer, LAYER)],
    }
    return Image(encode(manifest), (config, layer))


def index(*images: tuple[str, Image]) -> bytes:
    entries = [
        descriptor(each.manifest, MANIFEST, platform={"os": "linux", "architecture": architecture})
        for architecture, each in images
    ]
    return encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})


@dataclass
class Fake:
    """What is served: manifests by name (a tag or digest) with their media type, and blobs by digest.

    `auth` is "", "basic" or "bearer". `asked` are the paths that were asked for, with who asked.
    """

    address: str = ""
    auth: str = ""
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    asked: list[str] = field(default_factory=list)

    def put(self, made: Image, *names: str) -> None:
        for name in (*names, digest(made.manifest)):
            self.manifests[name] = (MANIFEST, made.manifest)
        self.blobs |= {digest(blob): blob for blob in made.blobs}

    def put_index(self, body: bytes, *names: str) -> None:
        for name in (*names, digest(body)):
            self.manifests[name] = (INDEX, body)


@contextmanager
def serving(fake: Fake, certificate: Path | None = None) -> Iterator[Fake]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append(self.path)
            given = self.headers.get("Authorization", "")
            basic = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
            if self.path.startswith("/token"):
                allowed = given == basic
                return self._answer(200 if allowed else 401, encode({"token": TOKEN} if allowed else {}))
            if fake.status:
                return self._answer(fake.status, b"{}")
            if fake.auth and given != {"basic": basic, "bearer": f"Bearer {TOKEN}"}[fake.auth]:
                challenge = {
                    "basic": 'Basic realm="test"',
                    "bearer": f'Bearer realm="https://{fake.address}/token",service="test",scope="repository:team/web:pull"',
                }[fake.auth]
                return self._answer(401, b"{}", {"WWW-Authenticate": challenge})
            kind, _, name = self.path.rpartition("/")
            if kind == "/v2/team/web/manifests" and name in fake.manifests:
                media, body = fake.manifests[name]
                return self._answer(200, body, {"Content-Type": media, **fake.headers})
            if kind == "/v2/team/web/blobs" and name in fake.blobs:
                return self._answer(200, fake.blobs[name])
            return self._answer(404, b"{}")

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    fake.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def loopback_certificate(file: Path) -> str:
    """A certificate for 127.0.0.1 that is its own authority; `file` gets it with its key, the answer is the certificate alone."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime.now(UTC) - timedelta(days=1)
    public = certificates.KEY.public_key()
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only", "decipher_only"),
        False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, **uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(certificates.KEY, SHA256())
    )
    text = made.public_bytes(Encoding.PEM).decode()
    file.write_text(text + certificates.private_key())
    return text


@dataclass(frozen=True)
class Person:
    """Somebody at a machine of their own: a checkout with one workload, and a home with podman's files."""

    root: Path
    environment: dict[str, str]

    @property
    def lock(self) -> Path:
        return self.root / "workloads/web/images.lock.yaml"

    def write_manifest(self, reference: str) -> None:
        folder = self.root / "workloads/web"
        folder.mkdir(parents=True, exist_ok=True)
        container = {"name": "web", "image": reference}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": "web"},
            "spec": {"containers": [container]},
        }
        (folder / "web.yaml").write_text(json.dumps(pod))

    def configure(self, name: str, text: str) -> Path:
        file = self.root / "home/.config/containers" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def log_in(self, key: str, password: str = PASSWORD) -> None:
        entry = base64.b64encode(f"{USER}:{password}".encode()).decode()
        self.configure("auth.json", json.dumps({"auths": {key: {"auth": entry}}}))

    def plain_http(self, address: str) -> None:
        self.configure("registries.conf", f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')


def person(root: Path) -> Person:
    (root / "home").mkdir(parents=True)
    return Person(root, {"HOME": str(root / "home"), "XDG_RUNTIME_DIR": str(root / "none")})
