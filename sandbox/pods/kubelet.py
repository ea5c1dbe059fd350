"""`python -m sandbox.pods.kubelet <folder>`: what a node is to the confidential pods of a real API server, where they really run.

Each is a guest of this machine (`sandbox/guest/real`), made from the objects in the API server alone: the pod, its initdata or the
cluster's default, what it mounts. Its status says what the guest's agent says. Ends when it is told to, and leaves nothing.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from model.attestation.initdata import InitdataError, documents
from sandbox.apiserver.client import ApiClient
from sandbox.guest.real import stand_in
from sandbox.guest.real.image import NoImage
from sandbox.openshift import kinds
from sandbox.openshift.kinds import POD
from sandbox.openshift.objects import Effect, Manifest, Objects, put_changed, report
from sandbox.openshift.reactions.pods import is_confidential, start_problem
from sandbox.openshift.reactions.problem import ReactionProblem
from sandbox.pods.deployed import described
from sandbox.pods.kbs import HubKbs
from sandbox.pods.kept import KeptPod
from sandbox.trustee.process import FILES
from sandbox.watch import loop, pod_status
from sandbox.watch.mirror import Mirror
from sandbox.watch.writer import Writer

_KINDS = (
    kinds.CONFIG_MAP,
    kinds.CRD,
    kinds.CSV,
    kinds.EVENT,
    kinds.NAMESPACE,
    kinds.NODE,
    kinds.POD,
    kinds.RUNTIME_CLASS,
    kinds.SECRET,
    kinds.SERVICE,
    kinds.SERVICE_ACCOUNT,
)


class Kubelet:
    """Of the cluster in `folder`. `changed` is set when a guest has something to say."""

    def __init__(self, folder: Path, changed: Event) -> None:
        self._folder, self._changed = folder, changed
        self._kept: dict[str, KeptPod] = {}
        self._ended: list[KeptPod] = []
        self._kbs: dict[tuple[str, str], HubKbs] = {}

    def react(self, objects: Objects) -> list[Effect]:
        pods = {one["metadata"]["uid"]: one for one in objects.all(POD) if _is_wanted(one)}
        for uid in self._kept.keys() - pods.keys():
            self._kept[uid].end()
            self._ended.append(self._kept.pop(uid))
        effects = [effect for uid, one in pods.items() for effect in self._pod(objects, uid, one)]
        for kbs in self._kbs.values():
            kbs.serve(tuple(one.local for one in self._kept.values() if one.kbs is kbs))
        return effects

    def close(self) -> None:
        for one in self._kept.values():
            one.end()
        for one in (*self._kept.values(), *self._ended):
            one.join()
        for kbs in self._kbs.values():
            kbs.close()

    def _pod(self, objects: Objects, uid: str, pod: Manifest) -> Iterator[Effect]:
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return
        kept = self._kept.get(uid)
        if kept is None:
            kept = self._begun(objects, uid, pod)
        if isinstance(kept, ReactionProblem):
            yield from report(objects, pod, "kubelet", kept.reason, kept.message)
            yield from put_changed(pod, pod_status.of(pod, "Pending", kept.reason, kept.message))
            return
        said = kept.said
        bad = said.phase == "Pending" and said.reason != "ContainerCreating"
        yield from report(objects, pod, "kubelet", said.reason, said.message if bad else None)
        yield from put_changed(pod, pod_status.of(pod, said.phase, said.reason, said.message, said.restarts))

    def _begun(self, objects: Objects, uid: str, pod: Manifest) -> KeptPod | ReactionProblem:
        if problem := start_problem(objects, pod, judged=False):
            return problem
        one = described(objects, pod)
        try:
            local = stand_in.local(one.pod, one.encoded)
            pinned = documents(local.initdata)
        except (NoImage, InitdataError) as error:
            return ReactionProblem("FailedCreatePodSandBox", str(error))
        kbs = self._kbs.get((pinned.kbs_url, pinned.kbs_ca))
        if kbs is None:
            kbs = self._kbs[pinned.kbs_url, pinned.kbs_ca] = HubKbs(
                self._folder, pinned.kbs_url, pinned.kbs_ca
            )
        kept = self._kept[uid] = KeptPod(one, local, kbs, lambda _: self._changed.set())
        return kept


def _is_wanted(pod: Manifest) -> bool:
    return is_confidential(pod) and "deletionTimestamp" not in pod["metadata"]


def main(folder: Path) -> None:
    """`folder` holds `operators.kubeconfig`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    stop = Event()
    client = ApiClient.of((folder / "operators.kubeconfig").read_text())
    mirror = Mirror(client, _KINDS)

    def end(*_: object) -> None:
        stop.set()
        mirror.changed.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    mirror.start(stop)
    for left in folder.glob(f"{FILES}*"):  # of one that was killed, and its KBS with it
        shutil.rmtree(left, ignore_errors=True)
    kubelet = Kubelet(folder, mirror.changed)
    try:
        loop.run(mirror, Writer(client, mirror).write, stop, (kubelet.react,))
    finally:
        kubelet.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
