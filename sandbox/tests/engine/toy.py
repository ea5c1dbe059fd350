"""A cloud of Things in one JSON file, and a project whose program declares some: what the engine is tested
through.

Run as a script it is the command line of the sandbox over this cloud, so that a test can kill it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine import passphrase
from sandbox.engine.display import console
from sandbox.engine.environment import Selection, down, preview, up
from sandbox.engine.workspace import Workspace
from sandbox.provider import UNKNOWN, Diff, Failure, Incomplete, Refused, Values

KILL = "TOY_KILL"
"""`<operation> <name> before|after`: where the process kills itself."""

FEW_ROUNDS = 10
"""Enough for secrets that are worth nothing; a million take the better part of a second."""

PRELUDE = """
import pulumi

class Thing(pulumi.CustomResource):
    answer: pulumi.Output[str]
    secret: pulumi.Output[str]

    def __init__(self, name, props=None, opts=None, **more):
        self.name = name
        props = {"answer": None, "secret": None, **(props or {}), **more}
        super().__init__("toy:index:Thing", name, props, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("coco:toy:Group", name, {}, opts)

def options(**kwargs):
    return pulumi.ResourceOptions(**kwargs)
"""


class Toy:
    """`log` has every operation that was carried out. An input `refuse` is refused, `unready` is created but
    not ready.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log: list[str] = []

    @property
    def things(self) -> dict[str, Values]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def _write(self, things: dict[str, Values]) -> None:
        self.path.write_text(json.dumps(things))

    def _act(self, operation: str, name: str, things: dict[str, Values]) -> None:
        if os.environ.get(KILL) == f"{operation} {name} before":
            os.kill(os.getpid(), signal.SIGKILL)
        self._write(things)
        self.log.append(f"{operation} {name}")
        if os.environ.get(KILL) == f"{operation} {name} after":
            os.kill(os.getpid(), signal.SIGKILL)

    def check(self, type_: str, name: str, news: Values) -> list[Failure]:
        del type_, name
        return [Failure(key, "is unknown") for key in news if key.startswith("x")]

    def diff(self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        del type_, id_, old_outputs
        changed = tuple(sorted(k for k in old_inputs | news if old_inputs.get(k) != news.get(k)))
        return Diff(changed, tuple(set(changed) & {"region", "place"}), "place" in changed)

    def create(self, type_: str, name: str, inputs: Values, timeout: float | None) -> tuple[str, Values]:
        del type_, timeout
        if "refuse" in inputs:
            raise Refused("No", str(inputs["refuse"]))
        id_ = f"{name}-{inputs.get('region', 'here')}"
        things = self.things
        if things.get(id_, inputs) != inputs:
            raise Refused("Exists", id_)
        self._act("create", name, {**things, id_: inputs})
        if "unready" in inputs:
            raise Incomplete(id_, self._outputs(id_, inputs), ["waited in vain"])
        return id_, self._outputs(id_, inputs)

    def _outputs(self, id_: str, inputs: Values) -> Values:
        return {**inputs, "answer": f"answer of {id_}", "secret": f"canary of {id_}"}

    def preview_create(self, type_: str, name: str, inputs: Values) -> Values:
        del type_, name
        return {**inputs, "answer": UNKNOWN, "secret": UNKNOWN}

    def read(self, type_: str, id_: str, inputs: Values) -> tuple[str, Values, Values] | None:
        del type_, inputs
        found = self.things.get(id_)
        return None if found is None else (id_, found, self._outputs(id_, found))

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        news: Values,
        preview: bool,
        timeout: float | None,
    ) -> Values:
        del type_, old_inputs, old_outputs, timeout
        if not preview:
            self._act("update", id_.rpartition("-")[0], {**self.things, id_: news})
        return self._outputs(id_, news)

    def delete(self, type_: str, id_: str, inputs: Values, outputs: Values, timeout: float | None) -> None:
        del type_, inputs, outputs, timeout
        self._act("delete", id_.rpartition("-")[0], {k: v for k, v in self.things.items() if k != id_})

    def invoke(self, token: str, args: Values) -> Values:
        if "refuse" in args:
            raise Refused("No", str(args["refuse"]))
        return {"token": token, **args}

    def secret_outputs(self, type_: str) -> set[str]:
        del type_
        return {"secret"}


@dataclass
class Playground:
    """A project in a folder of its own."""

    root: Path
    stacks: Sequence[str] = ("solo",)
    cloud: Toy = field(init=False)
    printed: str = ""

    def __post_init__(self) -> None:
        self.cloud = Toy(self.root / "cloud.json")
        if not (self.root / "Pulumi.yaml").exists():
            (self.root / "Pulumi.yaml").write_text("{name: toy, runtime: python}\n")
            for stack in self.stacks:
                self.configure(stack)

    def configure(self, stack: str, text: str = "config: {}\n") -> None:
        (self.root / f"Pulumi.{stack}.yaml").write_text(text)

    def program(self, body: str) -> None:
        (self.root / "__main__.py").write_text(f"{PRELUDE}\n{body}")

    def workspace(self) -> Workspace:
        return Workspace(self.root, self.root / ".sandbox", lambda package, configuration: self.cloud)

    def run(self, verb: str, stack: str = "solo") -> bool:
        """Whether it went well; `printed` is what people see."""
        workspace = self.workspace()
        act = {"up": up, "preview": preview, "down": down}[verb]
        out = console()
        with workspace.locked(), out.capture() as captured:
            succeeded = act(workspace, Selection.of(workspace.project, "dev", stack), out)
        self.printed = captured.get()
        return succeeded

    def up(self, body: str | None = None, stack: str = "solo") -> bool:
        if body is not None:
            self.program(body)
        self.cloud.log.clear()
        return self.run("up", stack)

    def state_file(self, stack: str = "solo") -> Path:
        return self.root / ".sandbox" / "stacks" / f"{stack}.json"

    def deployment(self, stack: str = "solo") -> dict[str, Any]:
        return json.loads(self.state_file(stack).read_text())["deployment"]

    def names(self, stack: str = "solo") -> list[str]:
        """Things in the state, in its order."""
        resources = self.deployment(stack).get("resources", [])
        return [r["urn"].rsplit("::", 1)[1] for r in resources if r["type"] == "toy:index:Thing"]


if __name__ == "__main__":
    passphrase._ROUNDS = FEW_ROUNDS
    sys.exit(0 if Playground(Path.cwd()).up() else 1)
