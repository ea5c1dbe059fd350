"""The report for a terminal; without one it is the same text without colours."""

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tools.posture import words
from tools.posture.difference import Change
from tools.posture.model import PodPowers, Posture, Trusted, Untrusted


def console() -> Console:
    """Wide enough for two digests side by side where there is no terminal to ask: a digest that wraps cannot be searched for."""
    made = Console(highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = 200
    return made


def show(posture: Posture, out: Console, *, documents: bool) -> None:
    """`documents`: with the full text of each."""
    out.print(Text(f"Posture of {posture.stack} ({posture.role})", "bold"))
    for part in _parts(posture, documents=documents):
        out.print()
        out.print(part)


def show_changes(changes: Sequence[Change], before: str, after: str, out: Console) -> None:
    """`before` and `after` are words for what is compared."""
    out.print(Text(f"\nFrom {before} to {after}", "bold"))
    if not changes:
        out.print("No difference.")
    for change in changes:
        out.print(Text(f"\n{change.what}", "bold"))
        for line in change.diff:
            out.print(Text(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")), soft_wrap=True)


def _parts(posture: Posture, *, documents: bool) -> Iterator[RenderableType]:
    if posture.trusted:
        yield _roots(posture.trusted)
        yield _advisories(posture.trusted)
    yield _warnings(posture)
    if posture.trusted:
        yield from _trusted(posture.trusted, documents=documents)
    if posture.untrusted:
        yield _workloads(posture.untrusted)
        yield _in_use(posture.untrusted)
        yield _powers("pod", words.holders(posture.untrusted))
        yield from _attacks(posture.untrusted, posture.stack)
    for note in posture.notes:
        yield Text(f"Note: {note}", "dim")


def _warnings(posture: Posture) -> RenderableType:
    if not posture.warnings:
        return Text("No warnings.", "green")
    lines = [Text(f"! {warning}", "bold red") for warning in posture.warnings]
    return Panel(Group(*lines), title=f"{len(lines)} to decide on", title_align="left", border_style="red")


def _trusted(hub: Trusted, *, documents: bool) -> Iterator[RenderableType]:
    yield _powers("profile or workload", {profile.label: profile.powers for profile in hub.profiles})
    yield _matrix(hub)
    measured = _table("What is measured", "profile or workload", "PCR8", "digest of the initdata")
    for profile in hub.profiles:
        measured.add_row(profile.label, profile.pcr8, f"{profile.algorithm}:{profile.digest}")
        for value in profile.accepted_earlier:
            measured.add_row(Text("  earlier, still accepted", "red"), Text(value, "red"), "")
    yield measured
    yield _attestation(hub)
    values = _table("Reference values", "name", "accepted", "until", "who vouches for it")
    for value in hub.reference_values:
        style = "red" if value.origin in ("unverified", "unknown") else ""
        values.add_row(
            value.name, "\n".join(value.values), value.expires[:10], Text(words.origin(value), style)
        )
    yield values
    if hub.saved:
        kept = _table("What outlives its pods", *words.SAVED)
        for row in words.saved(hub):
            kept.add_row(*row)
        yield kept
    if documents:
        for profile in hub.profiles:
            for name, text in profile.documents.items():
                yield _document(f"{profile.called}: {name}", text)
        for name, text in hub.documents.items():
            yield _document(f"Trustee: {name}", words.readable(name, text))


def _roots(hub: Trusted) -> Table:
    table = _table("What roots attestation", "TEE", "", "")
    table.show_header = False
    for root in hub.roots:
        asked, missing = words.registers(root)
        unknown = not root.asked or any(one.generation is None for one in root.paravisors)
        table.add_row(root.tee, "paravisor", Text(words.paravisors(root), "bold red" if unknown else ""))
        firmware = "at the minimum of its generation or newer" if root.firmware else "NOT ASKED FOR"
        table.add_row("", "firmware", Text(firmware, "" if root.firmware else "bold red"))
        table.add_row("", "registers", asked or "none")
        if missing:
            table.add_row("", "", Text(f"NOT ASKED FOR: {missing}", "bold red"))
    return table


def _advisories(hub: Trusted) -> Table:
    """Those that somebody must decide on first."""
    table = _table("What no hub can see (advisories.yaml)", "", "", "")
    table.show_header = False
    for one in sorted(hub.advisories, key=lambda one: ("open", "accepted", "excluded").index(one.state)):
        style = {"open": "bold red", "accepted": "yellow"}.get(one.state, "")
        said = one.title if one.state == "open" else f"{one.title} ({one.detail})"
        table.add_row(Text(words.ADVISORY[one.state], style), one.name, said)
    return table


def _matrix(hub: Trusted) -> Table:
    table = _table("Who may read what", "secret", *(reader.label for reader in hub.matrix.readers))
    for row in hub.matrix.rows:
        table.add_row(
            row.path,
            *(Text(word, "bold red" if bad else "") for _, word, bad in words.cells(row, hub.matrix)),
        )
    return table


def _attestation(hub: Trusted) -> Table:
    table = _table("What decides", "", "")
    table.show_header = False
    table.add_row("KBS", f"{hub.kbs_url}; certificate of {hub.issuer}")
    table.add_row("Trustee", f"{hub.trustee}; tokens live {hub.token_minutes or '?'} minutes")
    table.add_row("admin API", Text(hub.admin_api, "" if hub.admin_api == "closed" else "bold red"))
    table.add_row("pod VM images", f"of OSC {', '.join(hub.osc_versions)}")
    table.add_row("served secrets", ", ".join(hub.served_secrets) or "none")
    for tee in hub.tees:
        asked, _ = words.requirements(tee, hub.requirements)
        table.add_row(tee, f"must prove: {'; '.join(asked) or 'NOTHING'}")
    return table


def _workloads(spoke: Untrusted) -> Table:
    table = _table(f"What runs, and as what of {spoke.hub}", "pods", "profile or workload", "")
    for one in spoke.workloads:
        bad = one.state in ("earlier", "refused", "unknown")
        table.add_row(
            f"{one.kind} {one.name}",
            one.profile or "-",
            Text(words.STATES[one.state], "bold red" if bad else ""),
        )
    return table


def _in_use(spoke: Untrusted) -> Table:
    """What each machine that runs, or starts without initdata of its own, has measured."""
    table = _table("What the machines of the pods measure", "profile or workload", "PCR8")
    for profile, pcr8 in sorted({(one.profile or "-", one.pcr8) for one in spoke.workloads if one.pcr8}):
        table.add_row(profile, pcr8)
    return table


def _powers(whose: str, held: Mapping[str, PodPowers]) -> RenderableType:
    """At most 120 columns wide: headings break between words, and long names and lists of commands are folded."""
    table = _table("What an administrator of a spoke could do to a pod", whose, *words.POWERS)
    table.collapse_padding = True
    table.columns[0].no_wrap, table.columns[0].max_width = False, 30
    for heading, column in zip(words.POWERS, table.columns[1:], strict=True):
        column.max_width = max(map(len, heading.split()))
    for heading in ("run commands", "other image"):
        table.columns[1 + words.POWERS.index(heading)].max_width = 12
    for name, powers in held.items():
        table.add_row(name, *map(_answer, words.powers(powers)))
    return Group(
        table, Text(words.FOOTNOTE, "dim"), *(Text(line, "yellow") for line in words.host_files(held))
    )


def _attacks(spoke: Untrusted, stack: str) -> Iterator[RenderableType]:
    if spoke.attacks is None:
        return
    yield Text("Known attacks by whoever runs the nodes", "bold")
    for one in spoke.attacks:
        yield Text(words.attacked(one), "bold red" if one.through else "green")
    yield Text(words.more_on_attacks(stack), "dim")


def _document(title: str, text: str) -> RenderableType:
    return Group(Text(title, "bold"), Text(text.rstrip(), overflow="fold"))


def _answer(answer: str) -> Text:
    return Text(answer, "yellow" if answer.startswith("YES") else "")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    return table
