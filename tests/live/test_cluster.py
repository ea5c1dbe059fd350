"""Reading a real API server by its kubeconfig: only reading, only over verified TLS, and never a Secret's content."""

import base64
import json
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from live.cluster import LiveCluster, Unreachable
from tests.certificates import certificate, private_key
from tests.tools.test_verify_kbs import leaf, other_ca

TOKEN = "sha256~reader"
METADATA = "as=PartialObjectMetadata"
RESOURCES = {
    "/api/v1": [
        {"name": "secrets", "kind": "Secret", "namespaced": True},
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False},
        {"name": "namespaces/status", "kind": "Namespace", "namespaced": False},
    ]
}
OBJECTS = {
    "/api/v1/namespaces/a": {"kind": "Namespace"},
    "/api/v1/namespaces/a/configmaps/c": {"kind": "ConfigMap", "data": {"k": "v"}},
}


class Handler(BaseHTTPRequestHandler):
    asked: list[tuple[str, str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path, self.headers["Accept"]))
        path, _, query = self.path.partition("?")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, {})
        if path in RESOURCES:
            return self._answer(200, {"resources": RESOURCES[path]})
        if path == "/api/v1/namespaces/a/configmaps":
            first = "continue=more" not in query
            items = [{"metadata": {"name": "one" if first else "two"}}]
            return self._answer(200, {"metadata": {"continue": "more" if first else ""}, "items": items})
        if path == "/api/v1/namespaces/a/secrets/s":
            content = {} if METADATA in self.headers["Accept"] else {"data": {"k": "canary"}}
            return self._answer(200, {"kind": "PartialObjectMetadata", **content})
        return self._answer(200 if path in OBJECTS else 404, OBJECTS.get(path, {}))

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    Handler.asked = []
    (tmp_path / "tls.crt").write_text(leaf("localhost"))
    (tmp_path / "tls.key").write_text(private_key())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    context.load_verify_locations(cadata=certificate())
    context.verify_mode = ssl.CERT_OPTIONAL
    with ThreadingHTTPServer(("localhost", 0), Handler) as made:
        made.socket = context.wrap_socket(made.socket, server_side=True)
        Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made.server_address[1]
        made.shutdown()


def kubeconfig(
    port: int, *, ca: str | None = None, user: dict[str, Any] | None = None, **cluster: Any
) -> str:
    authority = base64.b64encode((ca or certificate()).encode()).decode()
    fields = {"server": f"https://localhost:{port}", "certificate-authority-data": authority, **cluster}
    return yaml.safe_dump(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": fields}],
            "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
        }
    )


def test_objects_are_found_by_what_the_server_says_it_serves(server: int) -> None:
    live = LiveCluster(kubeconfig(server))
    assert live.get("v1", "Namespace", "a") == {"kind": "Namespace"}
    assert live.get("v1", "ConfigMap", "c", "a") == OBJECTS["/api/v1/namespaces/a/configmaps/c"]
    assert live.get("v1", "ConfigMap", "missing", "a") is None
    assert live.get("route.openshift.io/v1", "Route", "r", "a") is None
    assert [one["metadata"]["name"] for one in live.list("v1", "ConfigMap", "a")] == ["one", "two"]
    assert {method for method, _, _ in Handler.asked} == {"GET"}


def test_the_content_of_a_secret_is_never_asked_for(server: int) -> None:
    assert "data" not in (LiveCluster(kubeconfig(server)).get("v1", "Secret", "s", "a") or {})
    assert all(METADATA in accept for _, path, accept in Handler.asked if "secrets" in path)


def test_a_server_of_another_ca_is_not_believed(server: int) -> None:
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        LiveCluster(kubeconfig(server, ca=other_ca())).get("v1", "Namespace", "a")
    assert Handler.asked == []


def test_a_client_certificate_is_presented_and_a_refused_user_is_said(server: int) -> None:
    pair = {"client-certificate-data": certificate(), "client-key-data": private_key()}
    user = {key: base64.b64encode(text.encode()).decode() for key, text in pair.items()}
    live = LiveCluster(kubeconfig(server, user={**user, "token": TOKEN}))
    assert live.get("v1", "Namespace", "a") is not None
    with pytest.raises(Unreachable, match="answers 401"):
        LiveCluster(kubeconfig(server, user=user)).get("v1", "Namespace", "a")


def test_token_and_ca_may_be_files(server: int, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "ca.crt").write_text(certificate())
    fields = {"certificate-authority-data": None, "certificate-authority": str(tmp_path / "ca.crt")}
    text = kubeconfig(server, user={"tokenFile": str(tmp_path / "token")}, **fields)
    (tmp_path / "kubeconfig").write_text(text)
    assert LiveCluster.at(tmp_path / "kubeconfig").get("v1", "Namespace", "a") is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not: [yaml", "cannot be used"),
        ("{}", "current-context"),
        (
            kubeconfig(1).replace("server:", "insecure-skip-tls-verify: true\n    server:"),
            "insecure-skip-tls-verify",
        ),
        (kubeconfig(1, server="http://localhost:1"), "not https"),
        (kubeconfig(1, user={"exec": {"command": "kubelogin"}}), "oc login"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_said_why(text: str, words: str) -> None:
    with pytest.raises(Unreachable, match=words):
        LiveCluster(text)


def test_nobody_there_is_said() -> None:
    with pytest.raises(Unreachable, match="cannot be asked"):
        LiveCluster(kubeconfig(1)).get("v1", "Namespace", "a")
