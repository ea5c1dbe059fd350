"""What a program would make of a stack, as an export: a preview whose steps are kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from sandbox.engine.display import Display
from sandbox.engine.errors import SandboxError
from sandbox.engine.events import Step
from sandbox.engine.state import STACK, StateResource
from sandbox.engine.values import SECRET, SIGNATURE, replaced
from sandbox.engine.workspace import Workspace
from sandbox.provider import UNKNOWN, Values
from sandbox.shapes import is_map

_SECRET: Final = {SIGNATURE: SECRET}  # without the value


def planned(root: Path, home: Path, stack: str) -> tuple[dict[str, Any], list[str]]:
    """The export after `up`, and the names of the resources that are partly as they are now.

    A secret has no value in it. What only `up` can tell, such as the digest on which Trustee's pods roll, stays as it is now.
    Nothing is changed. Raises SandboxError with what the preview printed where it fails.
    """
    recorder = _Recorder(stack)
    workspace = Workspace(root, home)
    with workspace.locked():
        done = workspace.up(stack, recorder, preview=True)
    if not done:
        raise SandboxError(recorder.text.getvalue().strip())
    records: list[dict[str, Any]] = []
    unknown: list[str] = []
    for new, old in recorder.steps:
        planned = {"inputs": new.inputs, "outputs": recorder.outputs if new.type == STACK else new.outputs}
        known = _known(planned, {"inputs": old.inputs, "outputs": old.outputs} if old else {})
        if new.type.endswith(":ConfigMap") and known["inputs"] != planned["inputs"]:
            unknown.append(new.name)
        values = replaced(known, lambda _: _SECRET)
        records.append({"urn": new.urn, "type": new.type, "id": new.id, "external": new.external, **values})
    return {"version": 3, "deployment": {"resources": records}}, unknown


class _Recorder(Display):
    def __init__(self, stack: str) -> None:
        self.text = io.StringIO()
        super().__init__(Console(file=self.text, width=200), stack, preview=True)
        self.steps: list[tuple[StateResource, StateResource | None]] = []
        self.outputs: Values = {}

    def done(self, step: Step) -> None:
        if step.new is not None and not step.new.delete:
            self.steps.append((step.new, step.old))
        super().done(step)

    def summary(self, outputs: tuple[Values, Values] | None) -> None:
        self.outputs = outputs[1] if outputs else {}
        super().summary(outputs)


def _known(new: Any, old: Any) -> Any:
    """`new`, in which what is not known yet is as in `old`; what is in lists stays unknown."""
    if is_map(new):
        before = old if is_map(old) else {}
        return {key: _known(item, before.get(key, UNKNOWN)) for key, item in new.items()}
    return old if new == UNKNOWN else new
