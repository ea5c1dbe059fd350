"""The report for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import islice

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.guest.api import Outcome
from tools.attack.report import Attacked, Report

WIDTH = 120
_COLUMN = 20
_NAME = 29


def console() -> Console:
    made = Console(highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = WIDTH
    return made


def show(report: Report, out: Console) -> None:
    out.print(Text(f"Attacks on the confidential pods of {report.stack}", "bold"))
    out.print(
        f"Judged by {report.engine}, on what the sandbox's model of CRI-O and the kata shim makes of each pod."
    )
    if not report.workloads:
        out.print("No confidential pod is deployed: there is nothing to attack.")
        return
    many = max(1, (out.width - _NAME) // (_COLUMN + 2))
    for some in _chunks(report.workloads, many):
        out.print()
        out.print(_table(some))
    out.print()
    for line in _lines(report):
        out.print(line)


def _table(workloads: Sequence[Attacked]) -> Table:
    """What refused the attack, or that nothing did."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("attack", min_width=_NAME - 2, no_wrap=True)
    for one in workloads:
        made.add_column(_heading(one), max_width=_COLUMN, overflow="fold")
    for row in zip(*(one.outcomes for one in workloads), strict=True):
        made.add_row(row[0].attack.name, *map(_cell, row))
    return made


def _heading(one: Attacked) -> Text:
    namespace, _, name = one.name.partition("/")
    return Text("\n".join((f"{namespace}/", name, f"({one.profile or 'no known profile'})")))


def _cell(one: Outcome) -> Text:
    if not one.tried:
        return Text("-", "dim")
    if one.through:
        some = "" if one.through == one.tried else f" {one.through} of {one.tried}"
        return Text(f"THROUGH{some}", "bold red")
    first, *more = [name.removesuffix("Request") for name in one.refused_by]
    return Text(f"{first} +{len(more)}" if more else first, "green")


def _lines(report: Report) -> Iterator[Text]:
    yield Text("A cell names the rule that refused the attack; - where the pod offers it no hold.", "dim")
    for one in report.workloads:
        if one.refusal:
            yield Text(f"! {one.name} does not start: {one.refusal}", "bold red")
        for image in one.unknown_images:
            yield Text(
                f"Note: no lock file names {image} of {one.name}: it was taken to set nothing itself.", "dim"
            )
    if report.holds:
        yield Text("No attack gets through.", "green")
        return
    yield Text("")
    gains = {attack.name: attack for one in report.workloads for attack in one.through}
    for attack in gains.values():
        yield Text.assemble(
            (f"{attack.name}: ", "bold red"), f"whoever runs the node {attack.sentence}. Gain: {attack.gain}."
        )
    yield Text("")
    for one in report.workloads:
        if one.through:
            yield _reached(one)


def _reached(one: Attacked) -> Text:
    tried = sum(bool(outcome.tried) for outcome in one.outcomes)
    passed = f"{len(one.through)} of {tried} attacks get through to {one.name}"
    if one.secrets is None:
        return Text(f"! {passed}; which secrets it may read is not known without its hub.", "bold red")
    if not one.secrets:
        return Text(f"! {passed}, which may read no secret.", "bold red")
    return Text(f"! {passed} and reach {', '.join(one.secrets)}.", "bold red")


def _chunks(workloads: Sequence[Attacked], size: int) -> Iterator[list[Attacked]]:
    rest = iter(workloads)
    while some := list(islice(rest, size)):
        yield some
