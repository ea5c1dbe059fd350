"""`python -m sandbox.watch <folder>`: runs until it is told to end; says on stderr what it does.

When the folder goes, because somebody has deleted the state directory, the cluster's other processes are ended too: nobody
else would find them again.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread

from sandbox import certmanager
from sandbox import olm as lifecycle
from sandbox.apiserver.client import ApiClient
from sandbox.apiserver.server import processes_in
from sandbox.golang import GoPrograms
from sandbox.openshift.kinds import KINDS
from sandbox.openshift.reactions import cert_manager, olm, trustee
from sandbox.watch import guests, loop, nodes
from sandbox.watch.cert_manager import CertManager
from sandbox.watch.guests import Guests
from sandbox.watch.mirror import Mirror
from sandbox.watch.olm import Olm
from sandbox.watch.trustee import TrusteeOperator
from sandbox.watch.writer import Writer


def main(folder: Path) -> None:
    """`folder` holds `operators.kubeconfig`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    stop = Event()
    client = ApiClient.of((folder / "operators.kubeconfig").read_text())
    mirror = Mirror(client, KINDS.values())

    def end(*_: object) -> None:
        stop.set()
        mirror.changed.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    Thread(target=_end_with_folder, args=(folder,), daemon=True).start()
    mirror.start(stop)
    logging.info("following %s", client.server)
    without_guests = (
        guests.unavailable() if not (folder / "external").exists() else "they are somebody else's"
    )
    if without_guests:
        logging.info("confidential pods do not run here: %s", without_guests)
    reactions = (
        partial(nodes.react, guests=not without_guests),
        *loop.REACTIONS,
        *(() if without_guests else (Guests(folder).react,)),
        Olm(folder).react if _runs(lifecycle.PROGRAMS, folder) else olm.react,
        CertManager(folder, client).react if _runs(certmanager.PROGRAMS, folder) else cert_manager.react,
        trustee.react if (folder / "external").exists() else TrusteeOperator(folder).react,
    )
    loop.run(mirror, Writer(client, mirror).write, stop, reactions)


def _runs(operator: GoPrograms, folder: Path) -> bool:
    """Whether an operator itself serves: where it is built, and not in a cluster of somebody else's, which could not reach its
    webhook and might have one of its own.
    """
    if operator.is_built() and not (folder / "external").exists():
        return True
    logging.info("%s itself cannot run here: the model of it serves", operator.what)
    return False


def _end_with_folder(folder: Path) -> None:
    known: dict[str, int] = {}
    while folder.exists():
        found = {name: process.pid() for name, process in processes_in(folder).items()}
        known |= {name: pid for name, pid in found.items() if pid}
        time.sleep(2)
    for pid in {*known.values(), os.getpid()}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
