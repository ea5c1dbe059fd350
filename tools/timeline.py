"""`make timeline STACK=dev-spoke`: what a first `up` and a `destroy` of the stack wait for, step after step.

The order is that of the stack's own graph, from its export; the minutes are the usual ones of `tools/durations.yaml`, each with its source.
Of a spoke it also says how long both zones take one after the other, beside the longest chain that nobody can shorten: a cluster
with its nodes rebooted for kata and the image of the pod VMs. `ARGS='--svg FILE'` draws all steps.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from rich import box
from rich.table import Table

from sandbox.api import Sandbox, SandboxError
from sandbox.ending import end
from tools.posture import render_text

Verb = Literal["up", "down"]
ROOT: Final = Path(__file__).resolve().parent.parent
_LAST_WITHOUT_HUB: Final = "osc-operator-approval"
_FILE: Final = Path(__file__).with_name("durations.yaml")


class Usual(BaseModel):
    """An entry of the file. Minutes, from and to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    name: str = ""
    up: tuple[float, float] = (0, 0)
    down: tuple[float, float] = (0, 0)
    unavoidable: bool = False
    source: str

    def fits(self, step: "Step") -> bool:
        kind = step.type.replace("/v1alpha1", "").replace("/v1", "")
        return kind.endswith(self.type) and step.name.endswith(self.name)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A resource that is made. `needs`: URNs of what must be there before."""

    urn: str
    type: str
    name: str
    needs: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A step with its minutes, and when it ends at the earliest, both from and to."""

    step: Step
    minutes: tuple[float, float]
    ends: tuple[float, float]
    after: str | None
    """The URN of the one that it waits for longest."""
    usual: Usual | None

    @property
    def source(self) -> str:
        return self.usual.source if self.usual else ""

    @property
    def starts(self) -> tuple[float, float]:
        return self.ends[0] - self.minutes[0], self.ends[1] - self.minutes[1]


class _Resource(BaseModel):
    """The part of a resource in an export that says what it waits for."""

    urn: str
    type: str
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = []
    property_dependencies: dict[str, list[str] | None] = Field(default={}, alias="propertyDependencies")


def steps(export: Mapping[str, Any]) -> list[Step]:
    """Those of an export, as `pulumi stack export` prints it, in its order: each after what it needs.

    Raises ValueError where it is none.
    """
    found: list[Step] = []
    for one in TypeAdapter(list[_Resource]).validate_python(export["deployment"].get("resources") or []):
        by_property = {urn for urns in one.property_dependencies.values() for urn in urns or []}
        needs = {*one.dependencies, *by_property, one.parent, one.provider.rpartition("::")[0]} - {""}
        name = one.urn.rpartition("::")[2]
        found.append(Step(urn=one.urn, type=one.type, name=name, needs=frozenset(needs)))
    return found


def timed(found: Sequence[Step], usual: Sequence[Usual], verb: Verb) -> dict[str, Timed]:
    """By URN, in the order in which they can be done: for `down` each before what it needs."""
    needs = {one.urn: set(one.needs) for one in found}
    if verb == "down":
        needs = {one.urn: {other.urn for other in found if one.urn in other.needs} for one in found}
    done: dict[str, Timed] = {}
    for one in found if verb == "up" else reversed(found):
        entry = next((entry for entry in usual if entry.fits(one)), None)
        low, high = getattr(entry, verb) if entry else (0.0, 0.0)
        before = [done[urn] for urn in needs[one.urn] if urn in done]
        last = max(before, key=lambda each: each.ends[1], default=None)
        done[one.urn] = Timed(
            step=one,
            minutes=(low, high),
            ends=(
                max((each.ends[0] for each in before), default=0) + low,
                (last.ends[1] if last else 0) + high,
            ),
            after=last and last.step.urn,
            usual=entry,
        )
    return done


def critical(done: Mapping[str, Timed]) -> list[Timed]:
    """The steps with minutes of their own that the last one has waited for, in their order."""
    chain: list[Timed] = []
    at = max(done.values(), key=lambda one: one.ends[1], default=None)
    while at:
        chain.insert(0, at)
        at = done.get(at.after) if at.after else None
    return [one for one in chain if one.minutes[1]]


def unavoidable(done: Mapping[str, Timed]) -> float:
    """The most minutes of the chain that no order of things makes shorter."""
    parts = {one.usual: one.minutes[1] for one in done.values() if one.usual and one.usual.unavoidable}
    return sum(parts.values())


def at_once(spoke: Mapping[str, Timed], hub: Mapping[str, Timed]) -> float:
    """The most minutes of both where the spoke does without the hub what it can: up to its operator."""
    ends = {one.step.name: one.ends[1] for one in spoke.values()}
    begun = ends.get(_LAST_WITHOUT_HUB, 0)
    return max(begun, *(one.ends[1] for one in hub.values())) + max(ends.values()) - begun


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.timeline", description=__doc__)
    parser.add_argument("stack", help="for example dev-spoke, which is up in the sandbox")
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="where the sandbox keeps state")
    parser.add_argument("--from", dest="file", type=Path, help="an export in a file instead")
    parser.add_argument("--hub-from", dest="hub_file", type=Path, help="the export of a spoke's hub")
    parser.add_argument("--svg", type=Path, help="draw the steps of `up` into this file")
    options = parser.parse_args(arguments)
    usual = TypeAdapter(list[Usual]).validate_python(yaml.safe_load(_FILE.read_text("utf-8")))
    try:
        found = steps(_export(options.stack, options.file, options.home))
        hub = _hub(found, options)
    except (SandboxError, OSError, ValueError, KeyError) as error:
        print(f"error: {options.stack} has no graph to look at: {error}", file=sys.stderr)
        return 1
    made = timed(found, usual, "up")
    _print(f"What a first `up` of {options.stack} waits for", made)
    _print("What its `destroy` waits for", timed(found, usual, "down"))
    longest = max((one.ends[1] for one in made.values()), default=0)
    if hub:
        both = longest + max(one.ends[1] for one in timed(hub, usual, "up").values())
        words = f"{both / unavoidable(made):.2f} times {unavoidable(made):.0f}, the chain that cannot be shortened"
        print(f"Hub and spoke one after the other: at most {both:.0f} minutes, {words}.")
        print(
            "At the same time (coco:hubMayComeLater, then the spoke again): at most"
            f" {at_once(made, timed(hub, usual, 'up')):.0f} minutes."
        )
    if options.svg:
        options.svg.write_text(svg(options.stack, made), "utf-8")
    return 0


def svg(stack: str, done: Mapping[str, Timed]) -> str:
    """A bar for each step with minutes of its own, by its start; those that the end waits for in another colour."""
    bars = sorted((one for one in done.values() if one.minutes[1]), key=lambda one: one.starts[1])
    waited = {one.step.urn for one in critical(done)}
    scale = 700 / max((one.ends[1] for one in bars), default=1)
    rows = [
        f'<text x="8" y="{30 + 18 * row}">{escape(one.step.name)}</text>'
        f'<rect x="{300 + one.starts[1] * scale:.1f}" y="{20 + 18 * row}" width="{max(one.minutes[1] * scale, 1):.1f}" height="12" '
        f'fill="{"#c00" if one.step.urn in waited else "#69c"}"><title>{one.minutes[0]:g} to {one.minutes[1]:g} minutes: '
        f"{escape(one.source)}</title></rect>"
        for row, one in enumerate(bars)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="1010" height="{40 + 18 * len(bars)}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f"<title>A first up of {escape(stack)}</title>", *rows, "</svg>", ""])


def _export(stack: str, file: Path | None, home: Path) -> dict[str, Any]:
    return json.loads(file.read_text("utf-8")) if file else Sandbox(ROOT, home.resolve()).export(stack)


def _hub(found: Sequence[Step], options: argparse.Namespace) -> list[Step] | None:
    """The steps of the stack that it reads; None where it reads none, or an export says nothing of it."""
    read = next((one.name for one in found if one.type == "pulumi:pulumi:StackReference"), None)
    if read is None or (options.file and not options.hub_file):
        return None
    return steps(_export(read.rsplit("/", 1)[-1], options.hub_file, options.home))


def _print(title: str, done: Mapping[str, Timed]) -> None:
    chain = critical(done)
    if not chain:
        render_text.console().print(f"{title}: nothing of it takes minutes")
        return
    low = max((one.ends[0] for one in done.values()), default=0)
    high = max((one.ends[1] for one in done.values()), default=0)
    table = Table(
        title=f"{title}: {low:.0f} to {high:.0f} minutes",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    for column in ("minutes", "ends at the latest", "step", "from"):
        table.add_column(
            column,
            justify="right" if column in ("minutes", "ends at the latest") else "left",
            overflow="fold",
        )
    for one in chain:
        table.add_row(f"{one.minutes[0]:g}-{one.minutes[1]:g}", f"{one.ends[1]:g}", one.step.name, one.source)
    render_text.console().print(table)


if __name__ == "__main__":
    end(main)
