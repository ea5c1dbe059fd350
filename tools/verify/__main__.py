"""`make verify STACK=dev-hub KUBECONFIG=...`: compare the live cluster with the state of its stack; nothing is changed.

The exit code is 0 where nothing differs, 1 where something does, 2 where the comparison could not be made. What could not be
checked is listed and does not count as right; with --strict it fails as well.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from live.cluster import Live, LiveCluster, Unreachable
from sandbox.ending import end
from tools.posture import render_text, sources
from tools.posture.deployment import Deployment, PostureError
from tools.verify import hub, kbs, objects, removal, sandboxed, spoke
from tools.verify.check import LiveCheck

_STYLES = {"ok": "green", "differs": "bold red", "not checked": "yellow"}
_ORDER = ("differs", "not checked", "ok")  # what a person must look at comes first


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        stack = sources.chosen(options, options.stack, options.file)
        live = _cluster(options, stack)
        if options.before_destroy:
            return _held_up(stack.stack, removal.foreign_pods(stack, live))
        found = sorted(checks(options, stack, live), key=lambda one: _ORDER.index(one.state))
    except (PostureError, Unreachable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    states = Counter(one.state for one in found)
    if options.json:
        document = {"stack": stack.stack, "cluster": live.where, "checks": [asdict(one) for one in found]}
        print(json.dumps(document, indent=2))
    else:
        _print(stack.stack, live.where, found, states)
    return 1 if states["differs"] or (options.strict and states["not checked"]) else 0


def checks(options: argparse.Namespace, stack: Deployment, live: Live) -> Iterator[LiveCheck]:
    """All of them, the KBS's own answers last. Raises Unreachable."""
    now = datetime.now(UTC)
    in_sandbox = options.kubeconfig is None

    def nat_gateway(subnet_id: str) -> str | None:
        return (
            sandboxed.nat_gateway(options.home, options.engine, subnet_id)
            if in_sandbox
            else _of_azure(subnet_id)
        )

    yield from objects.checks(stack, live)
    yield from hub.checks(stack, live, now)
    yield from spoke.checks(stack, live, nat_gateway)
    if "kbsCa" in stack.outputs:
        url, path = str(stack.outputs["kbsUrl"]), next(iter(stack.outputs["resources"]), "default/none/none")
        if in_sandbox and options.kbs_address is None:
            reason = "the sandbox serves nothing at this address"
            yield LiveCheck.skipped(f"certificate of {url}", "is of the pinned CA", reason)
            yield LiveCheck.skipped(f"{url}/kbs/v0/resource/{path}", "is refused without a token", reason)
        else:
            ca = str(stack.outputs["kbsCa"])
            yield from kbs.checks(url, ca, path, address=options.kbs_address, now=now)


def _held_up(stack: str, pods: Sequence[str]) -> int:
    if not pods:
        print(f"Nothing of others holds up the removal of {stack}.")
        return 0
    shown = "\n".join(f"  {pod}" for pod in pods)
    print(
        f"{len(pods)} pods that {stack} did not make run in its confidential machines. Its KataConfig cannot be deleted, and so its "
        f"cluster cannot, before they are gone:\n{shown}\nDelete what makes them, then destroy the stack."
    )
    return 1


def _cluster(options: argparse.Namespace, stack: Deployment) -> Live:
    if options.kubeconfig:
        return LiveCluster.at(options.kubeconfig)
    if options.file:
        raise Unreachable("Which cluster? Give its kubeconfig: make verify STACK=... KUBECONFIG=<file>.")
    if options.engine == "embedded":
        return sandboxed.cluster_of(stack, options.home)
    return sandboxed.server_of(stack, options.home)


def _of_azure(subnet_id: str) -> str | None:
    """Asks the Azure CLI, with its own login. Raises Unreachable."""
    if shutil.which("az") is None:
        raise Unreachable("Azure is asked through the az command, which is not installed")
    ask = ["az", "network", "vnet", "subnet", "show", "--ids", subnet_id]
    done = subprocess.run(
        [*ask, "--query", "natGateway.id", "--output", "tsv"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unreachable(f"az does not answer: {done.stderr.strip().splitlines()[-1:] or 'no reason given'}")
    return done.stdout.strip() or None


def _print(stack: str, where: str, found: Sequence[LiveCheck], states: Counter[str]) -> None:
    out = render_text.console()
    table = Table(
        title=f"{stack} against {where}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for column in ("", "what", "", "detail"):
        table.add_column(column, overflow="fold", no_wrap=column == "what")
    for one in found:
        table.add_row(Text(one.state, _STYLES[one.state]), one.subject, one.what, one.detail)
    out.print(table)
    counted = ", ".join(f"{states[state]} {state}" for state in _STYLES)
    out.print(Text(f"{len(found)} checks: {counted}", "bold red" if states["differs"] else "bold"))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not <host>:<port>")
    return host, int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.verify", description=__doc__)
    parser.add_argument("stack", help="for example dev-hub")
    sources.add_options(parser)
    parser.add_argument(
        "--kubeconfig", type=Path, metavar="FILE", help="of the live cluster (default: the sandbox's cluster)"
    )
    parser.add_argument(
        "--kbs-address",
        type=_address,
        metavar="HOST:PORT",
        help="connect there for the KBS, as to a forwarded port",
    )
    parser.add_argument(
        "--before-destroy",
        action="store_true",
        help="only name the pods of others that would hold up the removal of the stack",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument(
        "--strict", action="store_true", help="fail also where something could not be checked"
    )
    return parser


if __name__ == "__main__":
    end(main)
