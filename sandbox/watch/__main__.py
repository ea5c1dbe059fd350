"""`python -m sandbox.watch <folder>`: runs until it is told to end; says on stderr what it does."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from threading import Event

from sandbox.apiserver.client import Client
from sandbox.openshift.kinds import KINDS
from sandbox.watch import loop
from sandbox.watch.mirror import Mirror
from sandbox.watch.writer import Writer


def main(folder: Path) -> None:
    """`folder` holds `operators.kubeconfig`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    stop = Event()
    client = Client.of((folder / "operators.kubeconfig").read_text())
    mirror = Mirror(client, KINDS.values())

    def end(*_: object) -> None:
        stop.set()
        mirror.changed.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    mirror.start(stop)
    logging.info("following %s", client.server)
    loop.run(mirror, Writer(client, mirror).write, stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
