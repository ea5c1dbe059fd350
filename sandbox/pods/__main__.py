"""`make pods STACK=dev-spoke`: run the confidential pods of a spoke in the guest's own programs, against the real KBS of its hub."""

from __future__ import annotations

import argparse
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from sandbox.ending import end, leave_on_signals
from sandbox.engine.display import console
from sandbox.engine.errors import SandboxError
from sandbox.engine.workspace import Workspace
from sandbox.guest.node import LINES, AgentLine
from sandbox.guest.real import pod, stand_in
from sandbox.guest.real.image import NoImage
from sandbox.guest.real.kubelet import Failed
from sandbox.guest.real.machine import GuestFailed
from sandbox.guest.real.stand_in import LocalPod
from sandbox.pods.deployed import DeployedPod, hub_of, pods_of
from sandbox.trustee.mounts import MountError
from sandbox.trustee.process import running
from sandbox.trustee.source import DeployedTrustee, of_stack

_DIFFERENT = """
What differs from the deployed pods, because this machine is no TEE and cannot fetch the vendors' images:
  - images of the sandbox, made of this machine's programs, take the place of those that the pods name; policy and initdata name theirs
  - the KBS, the real one, takes sample evidence, in a copy of the hub's documents: the deployed ones release nothing to such a guest
All else is the deployed pod's: its manifest, its policy, its initdata, the hub's KBS with its secrets, resource policy and TLS.
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    leave_on_signals()
    out = console()
    try:
        workspace = Workspace(Path.cwd(), options.home.resolve())
        found = [one for one in pods_of(workspace, options.stack) if options.only in one.name]
        if not found:
            raise SandboxError(f"no confidential pod of {options.stack} is called {options.only}")
        trustee = of_stack(workspace, hub_of(workspace, options.stack))
        return _run(out, found, trustee, options.agent)
    except (SandboxError, MountError, GuestFailed, NoImage) as error:
        console(stderr=True).print(f"error: {error}", style="bold red")
        return 1
    except KeyboardInterrupt:
        out.print("\nThe guests and the KBS have ended, and their files are gone.")
        return 0


def _run(out: Console, found: list[DeployedPod], trustee: DeployedTrustee, line: AgentLine | None) -> int:
    """Until Ctrl-C, or where none of the pods runs."""
    for one in found:
        if reason := pod.unavailable(line or one.node.agent):
            raise SandboxError(f"{reason}. docs/engines.md says what is needed")
    local = {one.name: stand_in.local(one.pod, one.encoded) for one in found}
    with ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile())
        kbs = stack.enter_context(running(stand_in.opened(trustee, tuple(local.values())), log=log))
        out.print(_DIFFERENT, markup=False)
        started = [
            one for one in found if _started(out, stack, one, local[one.name], line, (trustee.host, kbs.port))
        ]
        if not started:
            return 1
        out.print("\nCtrl-C ends them and deletes their files.")
        signal.pause()
    return 0


def _started(
    out: Console,
    stack: ExitStack,
    one: DeployedPod,
    local: LocalPod,
    line: AgentLine | None,
    kbs: tuple[str, int],
) -> bool:
    guest = stack.enter_context(pod.booted(local, line=line or one.node.agent, node=one.node, kbs=kbs))
    try:
        guest.kubelet.start(guest.requests)
    except Failed as failed:
        said = str(failed).partition("\n")[0]
        blocked = "is blocked by its policy" if failed.refused else "does not run"
        out.print(f"{one.name} {blocked}: {said}", markup=False)
        return False
    address = (
        f": http://127.0.0.1:{stack.enter_context(guest.machine.reachable(one.port))}" if one.port else ""
    )
    out.print(f"{one.name} runs{address}", markup=False)
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.pods", description=__doc__)
    parser.add_argument("stack", help="a spoke or a standalone stack that is up in the sandbox")
    parser.add_argument(
        "--home", type=Path, default=Path(".sandbox"), help="where the sandbox keeps its state"
    )
    parser.add_argument("--only", default="", help="pods whose namespace/name contains this")
    parser.add_argument(
        "--agent", choices=LINES, help="the agent's line (default: that of the stack's sandboxed containers)"
    )
    return parser


if __name__ == "__main__":
    end(main)
