"""One confidential pod as its node keeps it: its guest is begun, its containers are started again, and it ends with the pod."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from typing import Any, Literal

from sandbox.guest import identity
from sandbox.guest.real import pod
from sandbox.guest.real.kubelet import Failed
from sandbox.guest.real.machine import GuestFailed
from sandbox.guest.real.pod import Guest
from sandbox.guest.real.stand_in import LocalPod
from sandbox.openshift.reactions.guest import container_of, told
from sandbox.openshift.reactions.problem import ReactionProblem
from sandbox.pods.deployed import DeployedPod
from sandbox.pods.kbs import HubKbs

_log = logging.getLogger(__name__)
Phase = Literal["Pending", "Running", "Succeeded", "Failed"]
_PAUSES = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds before a pod that failed is tried again. The kubelet's grow to five minutes, which nobody waits for here."""
_LOOK = 0.3


@dataclass(frozen=True)
class Said:
    """What the kubelet says of the pod. `restarts`: by container, how often it was started again."""

    phase: Phase
    reason: str
    message: str
    restarts: Mapping[str, int] = field(default_factory=dict[str, int])


class KeptPod:
    """`kbs`: the one that its initdata pins. `tell` gets what is said, when it changes."""

    def __init__(
        self, deployed: DeployedPod, local: LocalPod, kbs: HubKbs, tell: Callable[[Said], object]
    ) -> None:
        self.said = Said("Pending", "ContainerCreating", "")
        self.local, self.kbs = local, kbs
        self._deployed, self._tell = deployed, tell
        self._guest: Guest | None = None
        self._restarts: Counter[str] = Counter()
        self._ending = Event()
        self._thread = Thread(target=self._run, name=deployed.name)
        self._thread.start()

    def end(self) -> None:
        """Say that it shall end, whatever it waits for; `join` waits until nothing of it is left."""
        self._ending.set()
        if guest := self._guest:
            guest.machine.process.kill()

    def join(self) -> None:
        self._thread.join()

    @property
    def _spec(self) -> Mapping[str, Any]:
        return self._deployed.pod["spec"]

    @property
    def _policy(self) -> str:
        return str(self._spec.get("restartPolicy", "Always"))

    def _run(self) -> None:
        failures = 0
        while not self._ending.is_set() and self.said.phase not in ("Succeeded", "Failed"):
            began = time.monotonic()
            try:
                self._live()
            except Failed as failed:
                problem = _problem(self._deployed.pod, failed)
                final = failed.exited is not None and self._policy == "Never"
                self._say("Failed" if final else "Pending", problem.reason, problem.message)
            except (GuestFailed, OSError) as error:
                self._say("Pending", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
            except Exception as error:
                _log.exception("%s cannot go on", self._deployed.name)
                self._say("Pending", "FailedCreatePodSandBox", f"the sandbox cannot run this pod: {error!r}")
            failures = 0 if time.monotonic() - began > 2 * _PAUSES[-1] else failures + 1
            self._guest = None
            self._ending.wait(_pause(failures))

    def _live(self) -> None:
        """From the guest's first process to its last."""
        status = [{"name": name, "restartCount": number} for name, number in self._restarts.items()]
        local = replace(self.local, pod={**self.local.pod, "status": {"containerStatuses": status}})
        node = self._deployed.node
        with (
            pod.booted(local, line=node.agent, node=node, kbs=(self.kbs.host, self.kbs.port)) as guest,
            ExitStack() as reached,
        ):
            self._guest = guest
            if self._ending.is_set():
                return
            guest.kubelet.start(guest.requests)
            at = ""
            if port := self._deployed.port:
                at = f"; http://127.0.0.1:{reached.enter_context(guest.machine.reachable(port))} is its port {port}"
            self._say("Running", "", f"runs in the guest's own programs, on a machine that is no TEE{at}")
            self._watch(guest)

    def _watch(self, guest: Guest) -> None:
        """Until the pod is done, shall end, or has lost its guest."""
        running = {one["name"] for one in self._spec["containers"]}
        codes: dict[str, int] = {}
        while running and not self._ending.wait(_LOOK):
            if not guest.machine.alive():
                self._restarts.update(one["name"] for one in self._spec["containers"])
                self._say("Pending", "SandboxChanged", "its guest ended; it is made anew")
                return
            for name in sorted(running):
                again = self._restarts[name]
                code = guest.kubelet.exit_code(
                    identity.container_id(_counted(self.local.pod, name, again), name)
                )
                if code is None:
                    continue
                if self._starts_again(code):
                    self._again(guest, name, code)
                else:
                    running.remove(name)
                    codes[name] = code
        if not running:
            failed = {name: code for name, code in codes.items() if code}
            words = ", ".join(f"container {name} exited with {code}" for name, code in codes.items())
            self._say("Failed" if failed else "Succeeded", "Error" if failed else "Completed", words)

    def _starts_again(self, code: int) -> bool:
        return self._policy == "Always" or (self._policy == "OnFailure" and code != 0)

    def _again(self, guest: Guest, name: str, code: int) -> None:
        """Under a new id, beside the one that ended, as CRI-O does it."""
        before = self.said
        self._restarts[name] += 1
        self._say("Pending", "CrashLoopBackOff", f"container {name} exited with {code} and is started again")
        if not self._ending.wait(_pause(self._restarts[name])):
            guest.kubelet.start(guest.again(name, self._restarts[name]))
            self._say("Running", "", before.message)

    def _say(self, phase: Phase, reason: str, message: str) -> None:
        _log.info("%s: %s %s %s", self._deployed.name, phase, reason, message)
        self.said = Said(phase, reason, message, dict(self._restarts))
        self._tell(self.said)


def _pause(failures: int) -> float:
    return _PAUSES[min(max(failures, 1), len(_PAUSES)) - 1]


def _counted(given: Mapping[str, Any], name: str, restarts: int) -> dict[str, Any]:
    return {**given, "status": {"containerStatuses": [{"name": name, "restartCount": restarts}]}}


def _problem(given: dict[str, Any], failed: Failed) -> ReactionProblem:
    text = str(failed)
    if failed.exited is None:
        return told(given, failed.request, text)
    return ReactionProblem(
        "CrashLoopBackOff", f"init container {container_of(given, failed.request)}: {text}"
    )
