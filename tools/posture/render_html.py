"""The report as one page that needs nothing else: no script, no font, no request. Everything shown is escaped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from tools.posture import words
from tools.posture.difference import Change
from tools.posture.model import PodPowers, Posture, Profile, Trusted, Untrusted

_STYLE = Path(__file__).with_name("page.css")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Posture of {stack}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>Posture of {stack}</h1>
<p>{role} &middot; evaluated {when}, from {source}</p>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def page(posture: Posture, changes: Sequence[Change] | None, before: str, after: str, now: datetime) -> str:
    """The whole document. `changes`, if any, are between what `before` and `after` name."""
    sections = [_warnings(posture)]
    if posture.trusted:
        sections.append(_section("What roots attestation", _roots(posture.trusted)))
        sections.append(_section("What no hub can see", _advisories(posture.trusted)))
    if changes is not None:
        sections.append(_changes(changes, before, after))
    if posture.trusted:
        sections += _trusted(posture.trusted)
    if posture.untrusted:
        sections.append(_workloads(posture.untrusted))
        sections.append(_powers("pod", words.holders(posture.untrusted)))
        sections += _attacks(posture.untrusted, posture.stack)
    if posture.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in posture.notes)
        sections.append(_section("Notes", f"<ul>{items}</ul>"))
    return _PAGE.format(
        stack=escape(posture.stack),
        role=escape(posture.role),
        when=f"{now:%Y-%m-%d %H:%M} UTC",
        source="what is deployed" if changes is None else escape(after),
        style=_STYLE.read_text("utf-8"),
        body="\n".join(sections),
    )


def _warnings(posture: Posture) -> str:
    if not posture.warnings:
        return '<section class="calm"><h2>No warnings</h2></section>'
    items = "".join(f"<li>{escape(warning)}</li>" for warning in posture.warnings)
    return f'<section class="alarm"><h2>{len(posture.warnings)} to decide on</h2><ol>{items}</ol></section>'


def _changes(changes: Sequence[Change], before: str, after: str) -> str:
    title = f"From {before} to {after}"
    if not changes:
        return _section(title, "<p>No difference.</p>")
    parts = [f"<h3>{escape(change.what)}</h3><pre>{_diff(change)}</pre>" for change in changes]
    return _section(title, "".join(parts))


def _diff(change: Change) -> str:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return "".join(
        f'<span class="{kinds.get(line[:1], "same")}">{escape(line)}\n</span>' for line in change.diff
    )


def _trusted(hub: Trusted) -> Iterator[str]:
    yield _powers("profile or workload", {one.label: one.powers for one in hub.profiles})
    yield _section(
        "Who may read what",
        _matrix(hub),
        "By asking the resource policy with an attestation token of every reader. Other initdata and pods that are not "
        "attested must get nothing.",
    )
    yield _section("What is measured", _measured(hub))
    yield _section("What decides", _decides(hub))
    values = [
        [
            escape(value.name),
            "<br>".join(f"<code>{escape(one)}</code>" for one in value.values),
            f'<span class="day">{escape(value.expires[:10])}</span>',
            _flag(words.origin(value), bad=value.origin in ("unverified", "unknown")),
        ]
        for value in hub.reference_values
    ]
    yield _section("Reference values", _table(["name", "accepted", "until", "who vouches for it"], values))
    if hub.saved:
        rows = [[escape(cell) for cell in row] for row in words.saved(hub)]
        yield _section("What outlives its pods", _table(words.SAVED, rows))
    yield _section("Documents", "".join(_documents(hub)))


def _roots(hub: Trusted) -> str:
    rows: list[list[str]] = []
    for root in hub.roots:
        asked, missing = words.registers(root)
        unknown = not root.asked or any(one.generation is None for one in root.paravisors)
        firmware = "at the minimum of its generation or newer" if root.firmware else "NOT ASKED FOR"
        rows += [
            [_strong(root.tee), "paravisor", _flag(words.paravisors(root), bad=unknown)],
            ["", "firmware", _flag(firmware, bad=not root.firmware)],
            ["", "registers", escape(asked or "none")],
        ]
        if missing:
            rows.append(["", "", _flag(f"NOT ASKED FOR: {missing}", bad=True)])
    return _table([], rows)


def _advisories(hub: Trusted) -> str:
    rows = [
        [
            _flag(words.ADVISORY[one.state], bad=one.state == "open"),
            _strong(one.name),
            f'{escape(one.title)}<p class="quiet">Who: {escape(one.who)}. {escape(one.detail)}</p>',
        ]
        for one in hub.advisories
    ]
    return _table(["", "advisory", ""], rows)


def _matrix(hub: Trusted) -> str:
    head = ["secret", *(reader.label for reader in hub.matrix.readers)]
    rows = [
        [
            f"<code>{escape(row.path)}</code>",
            *(
                f'<span class="{"bad" if bad else "may" if word != "-" else "not"}">{escape(word)}</span>'
                for _, word, bad in words.cells(row, hub.matrix)
            ),
        ]
        for row in hub.matrix.rows
    ]
    return _table(head, rows)


def _measured(hub: Trusted) -> str:
    rows: list[list[str]] = []
    for profile in hub.profiles:
        digest = f"<code>{escape(profile.algorithm)}:{escape(profile.digest)}</code>"
        rows.append([_strong(profile.label), f"<code>{escape(profile.pcr8)}</code>", digest])
        for value in profile.accepted_earlier:
            rows.append([_flag("earlier, still accepted", bad=True), f"<code>{escape(value)}</code>", ""])
    return _table(["profile or workload", "PCR8", "digest of the initdata"], rows)


def _decides(hub: Trusted) -> str:
    rows = [
        ["KBS", f"<code>{escape(hub.kbs_url)}</code>; certificate of {escape(hub.issuer)}"],
        ["Trustee", f"{escape(hub.trustee)}; tokens live {hub.token_minutes or '?'} minutes"],
        ["Admin API", _flag(hub.admin_api, bad=hub.admin_api != "closed")],
        ["Pod VM images", f"of OSC {escape(', '.join(hub.osc_versions))}"],
        ["Served secrets", escape(", ".join(hub.served_secrets) or "none")],
    ]
    for tee in hub.tees:
        asked, free = words.requirements(tee, hub.requirements)
        proof = f"must prove: {escape('; '.join(asked))}" if asked else _flag("need prove nothing", bad=True)
        rest = f'<p class="quiet">not asked: {escape("; ".join(free))}</p>' if free else ""
        rows.append([f"Guests on {escape(tee)}", proof + rest])
    return _table([], rows)


def _documents(hub: Trusted) -> Iterator[str]:
    for profile in hub.profiles:
        yield from _of_profile(profile)
    for name, text in hub.documents.items():
        yield _details(f"Trustee: {name}", words.readable(name, text))


def _of_profile(profile: Profile) -> Iterator[str]:
    for name, text in profile.documents.items():
        yield _details(f"{profile.called}: {name}", text)


def _workloads(spoke: Untrusted) -> str:
    rows = [
        [
            f"{escape(one.kind)} <strong>{escape(one.name)}</strong>",
            escape(one.profile or "-"),
            _flag(words.STATES[one.state], bad=one.state in ("earlier", "refused", "unknown")),
        ]
        for one in spoke.workloads
    ]
    title = f"What runs, and as what of {spoke.hub}"
    return _section(title, _table(["pods", "profile or workload", ""], rows))


def _powers(whose: str, held: Mapping[str, PodPowers]) -> str:
    rows = [[_strong(name), *map(_answer, words.powers(powers))] for name, powers in held.items()]
    return _section(
        "What an administrator of a spoke could do to a pod",
        _table([whose, *words.POWERS], rows),
        " ".join(
            ["By asking each agent policy, and by the image policy.", words.FOOTNOTE, *words.host_files(held)]
        ),
    )


def _attacks(spoke: Untrusted, stack: str) -> Iterator[str]:
    if spoke.attacks is not None:
        items = "".join(
            f"<li>{_flag(words.attacked(one), bad=bool(one.through))}</li>" for one in spoke.attacks
        )
        yield _section(
            "Known attacks by whoever runs the nodes", f"<ul>{items}</ul>", words.more_on_attacks(stack)
        )


def _section(title: str, body: str, words_: str = "") -> str:
    about = f'<p class="quiet">{escape(words_)}</p>' if words_ else ""
    return f"<section><h2>{escape(title)}</h2>{about}{body}</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """`head` is text, the cells are HTML; the first cell of a row names it."""
    columns = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    thead = f"<thead><tr>{columns}</tr></thead>" if head else ""
    return f'<div class="wide"><table>{thead}<tbody>{body}</tbody></table></div>'


def _details(title: str, text: str) -> str:
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def _answer(answer: str) -> str:
    kind = "yes" if answer.startswith("YES") else "not" if answer in ("no", "-") else "some"
    return f'<span class="{kind}">{escape(answer)}</span>'


def _flag(text: str, *, bad: bool) -> str:
    return f'<span class="bad">{escape(text)}</span>' if bad else escape(text)


def _strong(text: str) -> str:
    return f"<strong>{escape(text)}</strong>"
