"""API servers in trouble, for tests: every answer is the real server's own.

The trouble is made with the server's own means, for the program's user alone, so that operators and controllers go on: a
priority level without seats answers 429 with Retry-After, an admission webhook that nobody serves answers 500.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.apiserver.client import ApiError, Client, Manifest
from sandbox.apiserver.credentials import ADMIN
from sandbox.apiserver.server import Server

_FLOWS = "/apis/flowcontrol.apiserver.k8s.io/v1"
_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_NAME = "sandbox-fault"


@contextmanager
def throttled(server: Server) -> Iterator[None]:
    """Every request of the program is answered 429 TooManyRequests."""
    level = {
        "type": "Limited",
        "limited": {
            "nominalConcurrencyShares": 0,
            "borrowingLimitPercent": 0,
            "limitResponse": {"type": "Reject"},
        },
    }
    everything = {
        "subjects": [{"kind": "User", "user": {"name": ADMIN}}],
        "resourceRules": [
            {
                "verbs": ["*"],
                "apiGroups": ["*"],
                "resources": ["*"],
                "namespaces": ["*"],
                "clusterScope": True,
            }
        ],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    }
    schema = {
        "matchingPrecedence": 2,
        "priorityLevelConfiguration": {"name": _NAME},
        "rules": [everything],
    }
    objects = {
        f"{_FLOWS}/prioritylevelconfigurations": _object("PriorityLevelConfiguration", _FLOWS, spec=level),
        f"{_FLOWS}/flowschemas": _object("FlowSchema", _FLOWS, spec=schema),
    }
    with _present(server, objects, 429, lambda client: client.get("/api/v1/namespaces/default")):
        yield


@contextmanager
def failing(server: Server) -> Iterator[None]:
    """Every write of the program is answered 500 InternalError; reads go on."""
    webhook = {
        "name": "fault.sandbox.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}],
        "matchConditions": [{"name": "program", "expression": f"request.userInfo.username == '{ADMIN}'"}],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    manifest = _object(
        "ValidatingWebhookConfiguration", "/apis/admissionregistration.k8s.io/v1", webhooks=[webhook]
    )
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _NAME, "namespace": "default"}}

    def write(client: Client) -> Manifest:
        path = f"/api/v1/namespaces/default/configmaps/{_NAME}"
        return client.apply(path, probe, manager=_NAME, dry_run=True)

    with _present(server, {_WEBHOOKS: manifest}, 500, write):
        yield


@contextmanager
def silent(server: Server) -> Iterator[None]:
    """The API server takes connections and answers nothing."""
    process = server.processes["kube-apiserver"]
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.signal(signal.SIGCONT)


@contextmanager
def gone(server: Server) -> Iterator[None]:
    """Nobody listens on the API server's port."""
    server.processes["kube-apiserver"].stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def _present(
    server: Server, objects: dict[str, Manifest], code: int, probe: Callable[[Client], Manifest]
) -> Iterator[None]:
    """With `objects`, by their collection, in the server; `probe` as the program's user tells when they work."""
    operators, program = server.client(), Client.of(server.kubeconfig(), retries=0)
    try:
        for path, manifest in objects.items():
            operators.apply(f"{path}/{_NAME}", manifest, manager=_NAME)
        _await(lambda: _answer(program, probe) == code, f"the API server does not answer {code}")
        yield
    finally:
        for path in reversed(objects):
            operators.delete(f"{path}/{_NAME}")
        _await(lambda: _answer(program, probe) == 200, f"the API server goes on answering {code}")


def _object(kind: str, path: str, **content: object) -> Manifest:
    version = path.removeprefix("/apis/")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": _NAME}, **content}


def _answer(client: Client, probe: Callable[[Client], Manifest]) -> int:
    try:
        probe(client)
    except ApiError as error:
        return error.code
    return 200


def _await(holds: Callable[[], bool], otherwise: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(0.1)
