"""What people see: a line for each step while it runs, then the tree of what changed, counts and what to do
next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import IO, Any, Final

from rich.console import Console
from rich.status import Status
from rich.text import Text
from rich.tree import Tree

from sandbox.engine import propertydiff
from sandbox.engine.errors import ResourceFailed
from sandbox.engine.events import Op, Step
from sandbox.engine.identity import name_of
from sandbox.engine.state import PROVIDER, STACK, StateResource
from sandbox.engine.values import SecretValue
from sandbox.provider import Values
from sandbox.shapes import is_map

_SYMBOLS: Final[Mapping[Op, tuple[str, str]]] = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "import": ("=", "cyan"),
    "read": ("<", "cyan"),
    "same": (" ", "dim"),
}
_DONE: Final[Mapping[Op, str]] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "read": "read",
    "same": "unchanged",
}
_QUIET: Final = ("same", "read")


def console(*, stderr: bool = False, file: IO[str] | None = None) -> Console:
    """Of standard output unless `stderr` or a `file` is given. Lines are never broken where the output is not a terminal, so that tools can read it."""
    made = Console(stderr=stderr, file=file, highlight=False, markup=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = 200
    return made


class Display:
    """Watches one run of one stack."""

    def __init__(self, out: Console, stack: str, *, preview: bool) -> None:
        self._out = out
        self._stack = stack
        self._preview = preview
        self._steps: list[Step] = []
        self._started = perf_counter()
        self._status: Status | None = None
        self.outputs_changed = False

    # The engine's Watcher

    def begins(self, op: Op, urn: str) -> None:
        if op not in _QUIET:
            self._working(f"{op} {name_of(urn)}")

    def done(self, step: Step) -> None:
        # What was replaced has been shown with its successor; what was read stays where it is.
        if step.op == "delete" and (step.resource.delete or step.resource.external):
            return
        self._steps.append(step)
        self._working("running the program")
        if step.op not in _QUIET and _visible(step.resource) and not self._preview:
            self._out.print(_label(step), Text(f" {step.seconds:.2f}s", "dim"), sep="")

    def failed(self, failure: ResourceFailed) -> None:
        self._out.print(Text(f"! {name_of(failure.urn)}: {failure.message}", "bold red"))

    def log(self, severity: str, message: str) -> None:
        if severity != "debug":
            self._out.print(Text(f"{severity}: {message}", "yellow" if severity == "warning" else ""))

    def note(self, message: str) -> None:
        self._out.print(Text(message, "dim"))

    def error(self, message: str) -> None:
        self._out.print(Text(f"error: {message}", "bold red"))

    def rest(self) -> None:
        """Stop the spinner: the run has ended or was interrupted."""
        if self._status:
            self._status.stop()

    # The end of the run

    def summary(self, outputs: tuple[Values, Values] | None) -> None:
        """The tree of what changed and the counts; `outputs` are the stack's before and after, None after a
        failure.
        """
        changed = [step for step in self._steps if step.op not in _QUIET]
        if any(_visible(step.resource) and step.resource.type != STACK for step in changed):
            self._out.print(self._tree())
        outputs_changed = list(propertydiff.lines(*outputs)) if outputs else []
        self.outputs_changed = bool(outputs_changed)
        if outputs_changed and any(step.op == "same" for step in self._steps):
            self._out.print(Text("Outputs:", "bold"))
            for line in outputs_changed:
                self._out.print(_coloured(f"  {line}"))
        counts = Counter(step.op for step in self._steps if _visible(step.resource))
        parts = [f"{counts[op]} {self._verb(op)}" for op in _SYMBOLS if counts[op] and op != "read"]
        if outputs is None and all(step.resource.type == STACK for step in changed):
            parts = ["nothing done"]
        elif not changed and not outputs_changed:
            parts = [f"nothing changes ({counts['same']} resources)"]
        self._out.print(Text(f"{self._stack}: {', '.join(parts)}", "bold"), Text(self._seconds(), "dim"))

    def _verb(self, op: Op) -> str:
        return f"to {op}" if self._preview and op != "same" else _DONE[op]

    def _seconds(self) -> str:
        return f"in {perf_counter() - self._started:.1f}s"

    def _working(self, message: str) -> None:
        if not self._out.is_terminal:
            return
        if self._status is None:
            self._status = self._out.status(message)
            self._status.start()
        self._status.update(message)

    def _tree(self) -> Tree:
        """The resources that change, under the components that they belong to."""
        steps = {step.resource.urn: step for step in self._steps if _visible(step.resource)}
        shown = set[str]()
        for urn, step in steps.items():
            if step.op not in _QUIET:
                shown.update(_with_parents(urn, steps))
        nodes: dict[str, Tree] = {}
        root = Tree(Text(self._stack, "bold"), guide_style="dim")
        for urn in _parents_first(steps):
            if urn in shown:
                step = steps[urn]
                if step.resource.type == STACK:
                    nodes[urn] = root
                    continue
                lines = [_label(step), *(_coloured(f"    {line}") for line in _difference(step))]
                nodes[urn] = nodes.get(step.resource.parent, root).add(Text("\n").join(lines))
        return root


def _difference(step: Step) -> Iterator[str]:
    if step.old and step.new and step.op in ("update", "replace"):
        yield from propertydiff.lines(step.old.inputs, step.new.inputs, step.forced_by)


def _parents_first(steps: Mapping[str, Step]) -> list[str]:
    """Deletions come with dependents first, but a tree needs parents first."""
    kept = [urn for urn, step in steps.items() if step.op != "delete"]
    return [*kept, *reversed([urn for urn, step in steps.items() if step.op == "delete"])]


def _with_parents(urn: str, steps: Mapping[str, Step]) -> Iterator[str]:
    while urn in steps:
        yield urn
        urn = steps[urn].resource.parent


def _label(step: Step) -> Text:
    symbol, colour = _SYMBOLS[step.op]
    resource = step.resource
    return Text.assemble((f"{symbol} {resource.name}", colour), (f"  {_short(resource.type)}", "dim"))


def _short(type_: str) -> str:
    """`kubernetes:Secret` of `kubernetes:core/v1:Secret`; components keep their whole token."""
    package, *middle, kind = type_.split(":")
    return type_ if package in ("coco", "pulumi") or not middle else f"{package}:{kind}"


def _visible(resource: StateResource) -> bool:
    """Providers that the program did not declare are not shown: the engine makes them."""
    return not (resource.type.startswith(PROVIDER) and resource.name.startswith("default"))


def _coloured(line: str) -> Text:
    colours = {"+": "green", "-": "red", "~": "yellow", "@": "cyan"}
    return Text(line, colours.get(line.strip()[:1], "dim"))


def matters(outputs: Values) -> Iterator[tuple[str, str]]:
    """Of a stack's outputs, the lines a person looks for: addresses and PCR8 values."""
    for key, value in outputs.items():
        match key, value:
            case _, SecretValue():
                continue
            case "warning", str():
                yield "warning", value
            case "profiles", _ if is_map(value):
                for name, profile in value.items():
                    yield f"PCR8 of {name}", str(_field(profile, "pcr8"))
            case _, _ if is_map(value) and key.lower().endswith("urls"):
                yield from ((name, str(url)) for name, url in value.items())
            case _, str() if key.lower().endswith(("url", "address")):
                yield key, value
            case _:
                pass


def _field(value: Any, key: str) -> Any:
    return value.get(key) if is_map(value) else None
