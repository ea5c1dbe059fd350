"""`make preflight STACK=prod-hub`: ask Azure, with your own login, for what the stack needs before it comes up.

Nothing is changed. The exit code is 0 where all is ready, 1 where something is missing, 2 where nothing could be asked: then the
list of what is needed is printed all the same.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from config.roles import PlacedStack
from model.azure import vm_sizes
from sandbox.ending import end
from tools import stack_file
from tools.arm import AZURE, Arm, NoLogin, token
from tools.posture import render_text
from tools.preflight import checks
from tools.preflight.needs import Needs, of, vcpus

_STYLES = {"ready": "green", "missing": "bold red", "not checked": "yellow"}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        needs = of(options.stack, _config(options.stack, options.stacks))
    except stack_file.NoStack as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        arm = Arm(token(), options.endpoint)
    except NoLogin as error:
        _print_needs(options.stack, needs, as_json=options.json)
        print(f"Azure was not asked: {error}", file=sys.stderr)
        return 2
    found = list(checks.run(needs, arm))
    if options.json:
        print(json.dumps({"stack": options.stack, "checks": [asdict(one) for one in found]}, indent=2))
    else:
        _print(options.stack, found)
    return 1 if any(one.state == "missing" for one in found) else 0


def _config(stack: str, folder: Path) -> PlacedStack:
    found = stack_file.read(stack, folder)
    if not isinstance(found, PlacedStack):
        raise stack_file.NoStack(
            f"{stack} has the role {found.role} and makes nothing in Azure: there is nothing to ask"
        )
    if found.azure is None:
        raise stack_file.NoStack(
            f"{stack} has no coco:azure and makes nothing in Azure: there is nothing to ask"
        )
    return found


def _print_needs(stack: str, needs: Needs, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"stack": stack, "needs": asdict(needs) | {"vcpus": needs.vcpus}}, indent=2))
        return
    table = Table(
        title=f"What {stack} needs in {needs.location}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    for column in ("machines", "count", "vCPU", "GiB", "TEE", "quota"):
        table.add_column(column, justify="right" if column in ("count", "vCPU", "GiB") else "left")
    for size, count in needs.machines.items():
        family = vm_sizes.family_of(size)
        memory = str(count * vcpus(size) * family.memory) if family else ""
        said = (str(family.tee), family.quota or f"that of {family.name}") if family else ("", "")
        table.add_row(size, str(count), str(count * vcpus(size)), memory, *said)
    table.add_row("all together", str(sum(needs.machines.values())), str(needs.vcpus), "", "", "cores")
    out = render_text.console()
    out.print(table)
    out.print(f"resource providers: {', '.join(needs.providers)}")
    out.print(f"rights: {', '.join(needs.actions) or 'those of the cluster'}")


def _print(stack: str, found: Sequence[checks.Finding]) -> None:
    out = render_text.console()
    table = Table(
        title=f"Is Azure ready for {stack}?", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for column in ("", "what", "found", "what to do"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(Text(one.state, _STYLES[one.state]), one.what, one.found, one.fix)
    out.print(table)
    states = Counter(one.state for one in found)
    out.print(Text(", ".join(f"{states[state]} {state}" for state in _STYLES), "bold"))
    out.print("Not asked here: the pull secret, the service principals, and what other subscriptions hold.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.preflight", description=__doc__)
    parser.add_argument("stack", help="for example prod-hub")
    parser.add_argument("--stacks", type=Path, default=stack_file.FOLDER, help="folder of the stack files")
    parser.add_argument("--endpoint", default=AZURE, help="another Azure Resource Manager, for tests")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


if __name__ == "__main__":
    end(main)
