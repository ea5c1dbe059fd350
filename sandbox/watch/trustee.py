"""The Trustee operator itself beside a real API server, in the place of its reaction: where a program of the installed release is on PATH."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Final

from sandbox.apiserver.process import Process
from sandbox.openshift.kinds import CSV
from sandbox.openshift.objects import Effect, Objects
from sandbox.openshift.reactions import trustee
from sandbox.openshift.reactions.olm import installed

NAME: Final = "trustee-operator"
PAUSE: Final = 5.0
"""Seconds before one that ended is started again."""
_OPTIONS: Final = ("--metrics-bind-address=0", "--health-probe-bind-address=0")
"""It would take one port for all clusters of a machine."""


def program(version: str) -> Path | None:
    """`trustee-operator-1.2.1`: the program does not say which release it is, so its name must. None where it is not on PATH."""
    found = shutil.which(f"{NAME}-{version}")
    return Path(found) if found else None


class TrusteeOperator:
    """That of the cluster in `folder`, which holds `operators.kubeconfig`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = Process(folder, NAME)
        self._runs = ""
        self._started = -PAUSE

    def react(self, objects: Objects) -> list[Effect]:
        version = installed(objects, NAME)
        found = program(version) if version else None
        if version != self._runs:
            self._process.stop()
            self._runs = ""
        if version is None or found is None:
            return trustee.react(objects)
        if self._process.pid() is None and time.monotonic() - self._started >= PAUSE:
            self._start(found, objects)
        self._runs = version
        return []

    def _start(self, found: Path, objects: Objects) -> None:
        """With the variables that its ClusterServiceVersion sets, the namespace of which is where it lives."""
        self._started = time.monotonic()
        home = next(
            one["metadata"]["namespace"]
            for one in objects.all(CSV)
            if one["metadata"]["name"].startswith(f"{NAME}.v")
        )
        variables = {
            "KUBECONFIG": str(self._folder / "operators.kubeconfig"),
            "POD_NAMESPACE": home,
            "KBS_IMAGE_NAME": trustee.IMAGE,
            "OPERATOR_IMAGE_NAME": trustee.IMAGE,
        }
        self._process.start([str(found), *_OPTIONS], variables)
