"""What the program in the current folder would make of a stack, as an export on stdout; nothing is touched.

What only `up` can tell, such as the digest that Trustee's pods roll on, is left as it was; stderr says where.

Run as a script, by path and with `python -P`, so that the sandbox and the program are those of the current folder (another
revision perhaps) and not those beside this file; hence it imports nothing of tools.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from sandbox.engine.display import Display
from sandbox.engine.errors import SandboxError
from sandbox.engine.events import Step
from sandbox.engine.state import STACK, Resource
from sandbox.engine.values import replaced
from sandbox.engine.workspace import Workspace
from sandbox.provider import UNKNOWN, Values

_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}  # and no value beside it


class _Recorder(Display):
    """Keeps what a run comes to, and its words for the case that it fails."""

    def __init__(self, stack: str) -> None:
        self.words = io.StringIO()
        super().__init__(Console(file=self.words, width=200), stack, preview=True)
        self.planned: list[tuple[Resource, Resource | None]] = []
        self.outputs: Values = {}

    def done(self, step: Step) -> None:
        if step.new is not None and not step.new.delete:
            self.planned.append((step.new, step.old))
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
    records = [_record(new, old, recorder.outputs) for new, old in recorder.planned]
    print(json.dumps({"version": 3, "deployment": {"resources": records}}))
    return 0


def _known(new: Any, old: Any) -> Any:
    """`new` with what is not known yet as `old` has it; what is in lists stays unknown."""
    if isinstance(new, dict):
        before = cast(dict[str, Any], old) if isinstance(old, dict) else {}
        return {k: _known(item, before.get(k, UNKNOWN)) for k, item in cast(dict[str, Any], new).items()}
    return old if new == UNKNOWN else new


def _record(new: Resource, old: Resource | None, outputs: Values) -> dict[str, Any]:
    """As an export has it; `outputs` are those of the stack."""
    planned = {"inputs": new.inputs, "outputs": outputs if new.type == STACK else new.outputs}
    before = {"inputs": old.inputs, "outputs": old.outputs} if old else {}
    known = _known(planned, before)
    if new.type.endswith(":ConfigMap") and known["inputs"] != planned["inputs"]:
        print(f"{new.name} is known only after up; parts of it are shown as they are now.", file=sys.stderr)
    sealed: dict[str, Any] = replaced(known, lambda _: _SECRET)
    return {"urn": new.urn, "type": new.type, "id": new.id, "external": new.external, **sealed}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
