"""cert-manager itself beside a real API server, in the place of its reaction: from when its operator is installed until that is gone."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Final

from sandbox.apiserver.client import ApiClient, ApiError, Manifest
from sandbox.apiserver.paths import path_of
from sandbox.apiserver.process import Process
from sandbox.certmanager import PROGRAMS
from sandbox.openshift.kinds import ISSUER, NAMESPACE
from sandbox.openshift.objects import Effect, Objects, ensure, new
from sandbox.openshift.reactions import cert_manager
from sandbox.openshift.reactions.olm import installed

NAME: Final = "cert-manager"
PAUSE: Final = 5.0
"""Seconds before one that ended is started again."""
_WEBHOOKS: Final = "/apis/admissionregistration.k8s.io/v1"
_CONFIGURATION: Final = "cert-manager-webhook"
_GROUP: Final = "cert-manager.io"


class CertManager:
    """That of the cluster in `folder`, which holds `operators.kubeconfig`. The operands are there once its webhook is trusted."""

    def __init__(self, folder: Path, client: ApiClient) -> None:
        self._folder = folder
        self._client = client
        self._process = Process(folder, NAME)
        self._trusted = False
        self._started = -PAUSE

    def react(self, objects: Objects) -> list[Effect]:
        if not installed(objects, cert_manager.PACKAGE):
            if self._process.pid():
                self._end()
            return []
        if effects := ensure(objects, new(NAMESPACE, cert_manager.OPERANDS)):
            return effects
        if self._process.pid() is None and time.monotonic() - self._started >= PAUSE:
            self._start()
        self._trusted = self._trusted or self._takes_an_issuer()
        return cert_manager.operands(objects) if self._trusted else []

    def _start(self) -> None:
        """As its Helm chart: with webhooks into which the CA injector writes whom to trust, at an address on loopback."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        self._trusted, self._started = False, time.monotonic()
        requests = ["certificaterequests"]
        for kind, path, operations, resources in (
            ("Validating", "validate", ["CREATE", "UPDATE"], ["*/*"]),
            ("Mutating", "mutate", ["CREATE"], requests),
        ):
            rule = {
                "apiGroups": [_GROUP],
                "apiVersions": ["v1"],
                "operations": operations,
                "resources": resources,
            }
            configuration: Manifest = {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": f"{kind}WebhookConfiguration",
                "metadata": {
                    "name": _CONFIGURATION,
                    "annotations": {
                        f"{_GROUP}/inject-ca-from-secret": f"{cert_manager.OPERANDS}/cert-manager-webhook-ca"
                    },
                },
                "webhooks": [
                    {
                        "name": f"webhook.{_GROUP}",
                        "rules": [rule],
                        "admissionReviewVersions": ["v1"],
                        "matchPolicy": "Equivalent",
                        "failurePolicy": "Fail",
                        "sideEffects": "None",
                        "timeoutSeconds": 30,
                        "clientConfig": {"url": f"https://localhost:{port}/{path}"},
                    }
                ],
            }
            self._client.apply(_path(kind), configuration, manager="cert-manager-operator")
        # Last: a program that runs is not looked at again, and the API server may have refused what is above.
        kubeconfig = self._folder / "operators.kubeconfig"
        self._process.start(
            [str(PROGRAMS.folder / NAME), "--of", str(kubeconfig), "--webhook-port", str(port)]
        )

    def _end(self) -> None:
        for kind in ("Validating", "Mutating"):
            self._client.delete(_path(kind))
        self._process.stop()

    def _takes_an_issuer(self) -> bool:
        issuer = new(ISSUER, "sandbox", cert_manager.OPERANDS, spec={"selfSigned": {}})
        try:
            self._client.apply(
                path_of(ISSUER, cert_manager.OPERANDS, "sandbox"), issuer, manager="sandbox", dry_run=True
            )
        except ApiError:
            return False
        return True


def _path(kind: str) -> str:
    return f"{_WEBHOOKS}/{kind.lower()}webhookconfigurations/{_CONFIGURATION}"
