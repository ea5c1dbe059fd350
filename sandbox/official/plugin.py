"""`python -m sandbox.official.plugin azure-native|random|command --home <folder> <engine address>`: a stand-in as a provider process.

`pulumi` starts it, reads the port from the first line of its standard output, and ends it.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.official.servicer import Servicer
from sandbox.provider import Provider

SERVED: Final = ("azure-native", "random", "command")
_ANY_SIZE: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.official.plugin", description=__doc__)
    parser.add_argument("package", choices=SERVED)
    parser.add_argument("--home", type=Path, required=True, help="the sandbox's state directory")
    # What else pulumi passes, the address of the engine and switches for logs, is of no use here.
    options, _ = parser.parse_known_args(arguments)
    server = grpc.server(ThreadPoolExecutor(16), options=_ANY_SIZE)
    servicer = Servicer(_provider(options.package, options.home), sdk_version(options.package))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    engine = os.getppid()
    server.start()
    print(port, flush=True)
    with suppress(KeyboardInterrupt):  # so an engine ends its plugins, unless it is killed
        while os.getppid() == engine and server.wait_for_termination(timeout=1):
            pass


def sdk_version(package: str) -> str:
    """The version of the package's SDK, which its plugin must have too."""
    return version(f"pulumi-{package}")


def _provider(package: str, home: Path) -> Provider:
    if package == "random":
        from sandbox.random_ import RandomStandIn

        return RandomStandIn()
    if package == "command":
        from sandbox.command import CommandStandIn
        from sandbox.installer import put_on_path

        return CommandStandIn(Path(), put_on_path(home, "pulumi"))
    from sandbox.official.standins import Official

    return Official(home).azure


if __name__ == "__main__":
    main(sys.argv[1:])
