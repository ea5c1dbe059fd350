"""Confidential pods that really run beside a real API server: from when there is one, where this machine has the guest's programs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from sandbox.apiserver.process import Process
from sandbox.guest.real import pod
from sandbox.openshift.kinds import POD
from sandbox.openshift.objects import Effect, Objects
from sandbox.openshift.reactions.pods import is_confidential

NAME: Final = "guests"


def unavailable() -> str | None:
    """Why confidential pods cannot really run on this machine; None when they can."""
    return pod.unavailable() or (None if shutil.which("kbs") else "the program kbs is not on PATH")


class Guests:
    """Of the cluster in `folder`. The process `sandbox.pods.kubelet` says what becomes of the pods."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = Process(folder, NAME)

    def react(self, objects: Objects) -> list[Effect]:
        wanted = any(is_confidential(one) for one in objects.all(POD))
        if wanted and self._process.pid() is None:
            project = Path(__file__).parent.parent.parent
            command = [sys.executable, "-m", "sandbox.pods.kubelet", str(self._folder)]
            self._process.start(command, {"PYTHONPATH": str(project)})
        return []
