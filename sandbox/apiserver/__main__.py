"""`python -m sandbox.apiserver build|list|stop`: the binaries, and the processes of a state directory's clusters."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.apiserver.binaries import PROGRAMS
from sandbox.apiserver.clusters import ServerClusters
from sandbox.ending import end
from sandbox.golang import BuildError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.apiserver", description=__doc__)
    parser.add_argument("command", choices=("build", "list", "stop"))
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="the state directory")
    given = parser.parse_args()
    clusters = ServerClusters(given.home.resolve())
    match given.command:
        case "build":
            try:
                print(PROGRAMS.build(lambda text: print(text, file=sys.stderr)))
            except BuildError as error:
                print(error, file=sys.stderr)
                return 1
        case "list":
            for name, pid in clusters.processes().items():
                print(f"{pid:>8}  {name}")
        case _:
            clusters.stop()
    return 0


if __name__ == "__main__":
    end(main)
