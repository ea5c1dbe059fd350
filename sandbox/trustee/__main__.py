"""`make trustee STACK=dev-hub`: run the real KBS on loopback, from exactly what a stack of the sandbox renders."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from rich.console import Console

from sandbox.ending import end, leave_on_signals
from sandbox.engine.display import console
from sandbox.engine.errors import SandboxError
from sandbox.engine.workspace import Workspace
from sandbox.trustee import router
from sandbox.trustee.client import KbsClient
from sandbox.trustee.mounts import MountError
from sandbox.trustee.process import Running, TrusteeImage, running
from sandbox.trustee.source import DeployedTrustee, of_stack


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    leave_on_signals()
    out = console()
    try:
        trustee = of_stack(Workspace(Path.cwd(), options.home.resolve()), options.stack)
        image = TrusteeImage(name=options.image, pull=options.pull) if options.image else None
        with (
            running(trustee, image=image, port=options.port) as kbs,
            router.serving(trustee.host, kbs.port) as proxy,
        ):
            _explain(out, options.stack, trustee, kbs, proxy)
            return kbs.process.wait()
    except (SandboxError, MountError) as error:
        console(stderr=True).print(f"error: {error}", style="bold red")
        return 1
    except KeyboardInterrupt:
        out.print("\nThe KBS is stopped, and its files are gone.")
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.trustee", description=__doc__)
    parser.add_argument("stack", help="a hub or a standalone stack that is up in the sandbox")
    parser.add_argument(
        "--home", type=Path, default=Path(".sandbox"), help="where the sandbox keeps its state"
    )
    parser.add_argument("--port", type=int, default=0, help="of the loopback interface (default: a free one)")
    parser.add_argument("--image", help="run this container image instead of the program kbs on PATH")
    parser.add_argument("--pull", action="store_true", help="fetch the image when it is not there")
    return parser


def _explain(out: Console, stack: str, trustee: DeployedTrustee, kbs: Running, proxy: str) -> None:
    ca, path = shlex.quote(str(kbs.ca_file)), next(iter(trustee.paths), "default/none/none")
    answer = KbsClient(host=trustee.host, address=("127.0.0.1", kbs.port), ca=trustee.ca).resource(path)
    changed = "\n".join(f"  {where}: {before} -> {after}" for where, before, after in kbs.changes)
    out.print(
        f"""
The KBS of {stack} serves on 127.0.0.1:{kbs.port}, from the documents and secrets that the stack renders.
Changed in kbs-config.toml, and nowhere else:
{changed or "  nothing: in its container the files lie where the operator mounts them"}

URL  {trustee.url}
CA   {kbs.ca_file}
Its certificate verifies for {trustee.host} with that CA. A request without a token: {answer.status} {answer.error}

Try, in another terminal:
  # {path}, without a token
  curl --cacert {ca} --connect-to ::127.0.0.1:{kbs.port} {trustee.url}/kbs/v0/resource/{path}
  # the same with the evidence of a machine that is no TEE, by the client that guests use
  HTTPS_PROXY={proxy} trustee-attester --url {trustee.url} --cert-file {ca} get-resource --path kbs:///{path}

Ctrl-C stops it and deletes its files.
"""
    )


if __name__ == "__main__":
    end(main)
