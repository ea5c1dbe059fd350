"""`make posture STACK=dev-hub`: what the deployed stack allows, and to whom, for the people who answer for it.

The report is made of the stack's export and evaluates the policies in it. Secrets stay encrypted throughout.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sandbox.ending import end
from tools.attack import short as attack
from tools.posture import difference, model, render_html, render_text, report, sources
from tools.posture.deployment import Deployment, PostureError
from tools.posture.difference import Change
from tools.posture.model import Posture

LAST_UP = "last-up"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 with the report made, whatever it says; 1 where it cannot be made."""
    options = _parser().parse_args(arguments)
    try:
        return _Run(options).run()
    except PostureError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


class _Run:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.stack: str = options.stack
        self.sandbox = sources.SandboxStates(engine=options.engine, home=options.home.resolve())
        self.now = datetime.now(UTC)

    def run(self) -> int:
        against: str | None = self.options.against
        if against is None:
            stack = self._export()
            return self._show(attack.in_short(self._posture(stack, sources.ROOT), stack, self._hub(stack)))
        if against == LAST_UP:
            before, after = self._posture(self._export(), sources.ROOT), self._planned(sources.ROOT)
            return self._show(after, before, "the last up", "what the stack files would give")
        if Path(against).is_file():
            before = self._posture(sources.from_file(against, self.stack), sources.ROOT)
            return self._show(
                self._posture(self._export(), sources.ROOT), before, against, "what is deployed"
            )
        with sources.revision(against) as place:
            before = self._planned(place)
        return self._show(
            self._planned(sources.ROOT),
            before,
            f"what {against} would give",
            "what the stack files would give",
        )

    def _export(self) -> Deployment:
        if file := self.options.file:
            return sources.from_file(file, self.stack)
        return self.sandbox.export(self.stack)

    def _planned(self, root: Path) -> Posture:
        return self._posture(self.sandbox.planned(self.stack, root), root)

    def _posture(self, stack: Deployment, root: Path) -> Posture:
        return report.build(stack, self._hub(stack), root=root, now=self.now)

    def _hub(self, stack: Deployment) -> Deployment | None:
        if stack.hub is None:
            return None
        name = stack.hub.last
        try:
            if self.options.hub_file:
                return sources.from_file(self.options.hub_file, name)
            return None if self.options.file else self.sandbox.export(name)
        except PostureError:
            if self.options.hub_file:
                raise
            return None

    def _show(self, posture: Posture, before: Posture | None = None, old: str = "", new: str = "") -> int:
        changes: tuple[Change, ...] | None = difference.between(before, posture) if before else None
        if page := self.options.html:
            Path(page).write_text(render_html.page(posture, changes, old, new, self.now), "utf-8")
            print(f"Wrote {page}", file=sys.stderr)
        if self.options.json:
            document = model.as_json(posture)
            if changes is not None:
                document["changes"] = [{"what": one.what, "diff": list(one.diff)} for one in changes]
            print(json.dumps(document, indent=2, ensure_ascii=False))
        elif changes is not None:
            render_text.show_changes(changes, old, new, render_text.console())
        elif not page:
            render_text.show(posture, render_text.console(), documents=not self.options.brief)
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.posture", description=__doc__)
    parser.add_argument("stack", help="for example dev-hub")
    sources.add_options(parser)
    parser.add_argument("--hub-from", dest="hub_file", metavar="FILE", help="the export of a spoke's hub")
    parser.add_argument("--brief", action="store_true", help="leave the documents out")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument("--html", metavar="FILE", help="write it as one self-contained page")
    parser.add_argument(
        "--against",
        metavar="WHAT",
        help=f"show what is different: {LAST_UP} (what the stack files would change), an export that was kept (FILE), or a git "
        "revision (what the stack files of then would give)",
    )
    return parser


if __name__ == "__main__":
    end(main)
