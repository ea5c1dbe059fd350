"""What the program in the current folder would make of a stack, as an export on stdout; nothing is touched.

Run as a script, by path and with `python -P`, so that the sandbox and the program are those of the current folder (another
revision perhaps) and not those beside this file; hence it imports nothing of tools.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from sandbox.engine.display import Display
from sandbox.engine.errors import SandboxError
from sandbox.engine.events import Step
from sandbox.engine.state import STACK, Resource
from sandbox.engine.values import replaced
from sandbox.engine.workspace import Workspace
from sandbox.provider import Values

_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}  # and no value beside it


class _Recorder(Display):
    """Keeps what a run comes to, and its words for the case that it fails."""

    def __init__(self, stack: str) -> None:
        self.words = io.StringIO()
        super().__init__(Console(file=self.words, width=200), stack, preview=True)
        self.planned: list[Resource] = []
        self.outputs: Values = {}

    def done(self, step: Step) -> None:
        if step.new is not None and not step.new.delete:
            self.planned.append(step.new)
        super().done(step)

    def summary(self, outputs: tuple[Values, Values] | None) -> None:
        self.outputs = outputs[1] if outputs else {}
        super().summary(outputs)


def main(stack: str, home: str) -> int:
    recorder = _Recorder(stack)
    workspace = Workspace(Path.cwd(), Path(home))
    try:
        with workspace.locked():
            done = workspace.up(stack, recorder, preview=True)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    if not done:
        print(recorder.words.getvalue().strip(), file=sys.stderr)
        return 1
    records = [
        _record(one, recorder.outputs if one.type == STACK else one.outputs) for one in recorder.planned
    ]
    print(json.dumps({"version": 3, "deployment": {"resources": records}}))
    return 0


def _record(one: Resource, outputs: Values) -> dict[str, Any]:
    values: dict[str, Any] = replaced({"inputs": one.inputs, "outputs": outputs}, lambda _: _SECRET)
    return {"urn": one.urn, "type": one.type, "id": one.id, "external": one.external, **values}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
