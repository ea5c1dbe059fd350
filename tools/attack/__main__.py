"""`make attack STACK=dev-spoke`: every known attack on the deployed pods, put to their own policies and to the released secrets.

Whoever runs the node is the attacker. Nothing is sent to any cluster: the policies in the stack's state are asked, or real agents
that run with these policies on this machine.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from sandbox.ending import end
from tools.attack import judges, render
from tools.attack.report import as_json, build
from tools.attack.short import matrix
from tools.posture import report as posture
from tools.posture import sources
from tools.posture.deployment import Deployment, PostureError


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where no attack gets through, 1 where one does, 2 where that cannot be said."""
    options = _parser().parse_args(arguments)
    try:
        spoke = sources.chosen(options, options.stack, options.file)
        hub = _hub(options, spoke)
        zone = posture.build(spoke, hub, root=sources.ROOT, now=datetime.now(UTC))
        if zone.untrusted is None:
            raise PostureError(f"{spoke.stack} is a hub and runs no pods: name one of its spokes.")
        with judges.named(options.judge, options.home) as engines:
            found = build(spoke, zone.untrusted.workloads, matrix(zone, hub), engines)
    except PostureError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(as_json(found), indent=2, ensure_ascii=False))
    else:
        render.show(found, render.console())
    return 0 if found.holds else 1


def _hub(options: argparse.Namespace, spoke: Deployment) -> Deployment | None:
    """None where it is not known: then the report does not mention secrets."""
    if spoke.hub is None or (options.file and not options.hub_file):
        return None
    try:
        return sources.chosen(options, spoke.hub.rsplit("/", 1)[-1], options.hub_file)
    except PostureError:
        if options.hub_file:
            raise
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.attack", description=__doc__)
    parser.add_argument("stack", help="for example dev-spoke")
    sources.add_options(parser)
    parser.add_argument("--hub-from", dest="hub_file", metavar="FILE", help="the export of the spoke's hub")
    parser.add_argument(
        "--judge",
        choices=judges.NAMES,
        default="regopy",
        help="which policy engine answers: regopy, which needs Python alone, or regorus, the agents' own, in both versions; "
        "agent, real kata agents from PATH, each in a guest of its own (LIVE=1)",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


if __name__ == "__main__":
    end(main)
