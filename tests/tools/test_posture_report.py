"""What people get to see: text, JSON and one page; the differences; and never a secret."""

import html
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.config.committed import ROOT
from tests.tools import deployed
from tests.tools.deployed import NOW
from tools.posture import difference, model, render_html, render_text, words
from tools.posture.model import AttackSummary, Posture


def text_of(posture: Posture) -> str:
    out = Console(file=io.StringIO(), width=200, markup=False, highlight=False)
    render_text.show(posture, out, documents=True)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def ciphertexts(value: Any) -> list[str]:
    match value:
        case {"ciphertext": str() as text}:
            return [text]
        case dict():
            return [text for item in value.values() for text in ciphertexts(item)]
        case list():
            return [text for item in value for text in ciphertexts(item)]
        case _:
            return []


@pytest.mark.parametrize("stack", ["dev-hub", "dev-standalone"])
def test_no_rendering_holds_a_secret_in_any_form(home: Path, stack: str) -> None:
    sealed = ciphertexts(json.loads((home / "stacks" / f"{stack}.json").read_text()))
    assert sealed
    found = deployed.posture(deployed.export(home, stack))
    page = render_html.page(found, None, "", "", NOW)
    for rendering in (
        text_of(found),
        page,
        json.dumps(model.as_json(found)),
        repr(deployed.export(home, stack)),
    ):
        assert not [text for text in sealed if text in rendering]


def test_the_text_says_what_the_report_does(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-hub"))
    assert found.trusted is not None
    text = text_of(found)
    for said in (
        *(one.pcr8 for one in found.trusted.profiles),
        "kbs:///default/kbsres1/key1",
        "anything else",
    ):
        assert said in text
    for profile in found.trusted.profiles:
        for document in profile.documents.values():
            assert "".join(document.split()) in "".join(text.split())
    assert "eyJ" not in text  # reference values are decoded


COLUMNS = ("commands", "output", "input", "policy", "image", "command", "variables", "mount", "replace")
ANSWERS = {
    "debug": ["YES,", "any", "YES", "YES", "no", "YES,", "any", "YES", "YES", "YES", "no"],
    "hardened": ["no", "no", "no", "no", "YES,", "any", "YES", "YES", "YES", "no"],
    **{f"{name} on dev-spoke": ["no"] * 9 for name in ("hello-openshift", "kbs-access", "kbs-sealed")},
}


@pytest.mark.parametrize("stack", ["dev-hub", "dev-spoke"])
def test_the_powers_fit_into_120_columns_with_every_word(home: Path, stack: str) -> None:
    hub = deployed.export(home, "dev-hub")
    lines = text_of(deployed.posture(deployed.export(home, stack), hub)).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("What an administrator of a spoke"))
    end = next(at for at, line in enumerate(lines) if line.startswith('"replace files"'))
    table = [line.rstrip() for line in lines[start:end]]
    assert max(map(len, table)) <= 120
    assert all(word in "\n".join(table) for word in COLUMNS)
    cells = [re.split(" {2,}", line.strip()) for line in table]
    rows = {name: " ".join(answers).split() for name, *answers in cells if name in ANSWERS}
    assert rows == ANSWERS


class _Rows(HTMLParser):
    """Tables of a page as rows of text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.inside = list[list[str]](), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("stack", ["dev-hub", "dev-spoke"])
def test_the_page_has_the_same_powers_as_the_text(home: Path, stack: str) -> None:
    hub = deployed.export(home, "dev-hub")
    page = _Rows()
    page.feed(render_html.page(deployed.posture(deployed.export(home, stack), hub), None, "", "", NOW))
    assert [row[1:] for row in page.rows if "other image" in row] == [list(words.POWERS)]
    rows = {row[0]: " ".join(row[1:]).split() for row in page.rows if len(row) == 1 + len(words.POWERS)}
    assert {name: answers for name, answers in rows.items() if name in ANSWERS} == ANSWERS


def test_the_json_has_the_powers_of_each(home: Path) -> None:
    found = model.as_json(deployed.posture(deployed.export(home, "dev-hub")))
    powers = {one["name"]: one["powers"] for one in found["trusted"]["profiles"]}
    assert {one["name"]: one["spoke"] for one in found["trusted"]["profiles"]} == {
        "debug": None,
        "hardened": None,
        "hello-openshift": "dev-spoke",
        "kbs-access": "dev-spoke",
        "kbs-sealed": "dev-spoke",
    }
    asked = ("otherImage", "otherCommand", "extraEnvironment", "mountOverFiles", "replaceFiles", "failsOpen")
    assert [powers["hardened"][key] for key in asked] == [True, True, True, True, False, False]
    assert [powers["kbs-access"][key] for key in asked] == [False] * 6
    assert (powers["hardened"]["pinned"], powers["kbs-access"]["pinned"]) == (False, True)


def test_a_spoke_shows_what_each_profile_in_use_measures(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-spoke"), deployed.export(home, "dev-hub"))
    assert found.untrusted is not None
    measured = {one.pcr8 for one in found.untrusted.workloads if one.pcr8}
    outputs = deployed.export(home, "dev-hub").outputs
    assert measured == {
        *(each["pcr8"] for each in outputs["profiles"].values()),
        *(each["accepted"]["dev-spoke"][0] for each in outputs["workloads"].values()),
    }
    text = text_of(found)
    assert all(pcr8 in text for pcr8 in measured)


def test_the_programs_own_jobs_are_no_workloads(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-standalone"))
    assert found.untrusted is not None
    assert not [one.name for one in found.untrusted.workloads if one.kind == "Job"]


def test_what_the_host_writes_into_a_workload_is_listed_in_every_form(home: Path) -> None:
    said = "kbs-sealed on dev-spoke mounts /sealed: whoever runs the spoke writes what is in it, at any time."
    hub = deployed.export(home, "dev-hub")
    for stack in ("dev-hub", "dev-spoke"):
        found = deployed.posture(deployed.export(home, stack), hub)
        assert said in text_of(found)
        assert said in html.unescape(render_html.page(found, None, "", "", NOW))
    profiles = model.as_json(deployed.posture(hub))["trusted"]["profiles"]
    assert {one["name"]: one["powers"]["hostFiles"] for one in profiles if one["powers"]["hostFiles"]} == {
        "kbs-sealed": ["/sealed"]
    }


def test_the_attacks_are_there_in_short_in_every_form(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-spoke"), deployed.export(home, "dev-hub"))
    assert found.untrusted is not None
    attacks = (
        AttackSummary(name="web/holds", tried=60, through=0, secrets=("kbs:///default/a/b",)),
        AttackSummary(name="web/leaks", tried=60, through=3, secrets=("kbs:///default/a/b",)),
        AttackSummary(name="web/poor", tried=60, through=3, secrets=()),
        AttackSummary(name="web/blind", tried=60, through=3, secrets=None),
    )
    found = replace(found, untrusted=replace(found.untrusted, attacks=attacks))
    sentences = (
        "60 known attacks on web/holds: none gets through.",
        "60 known attacks on web/leaks: 3 get through, that reaches kbs:///default/a/b.",
        "60 known attacks on web/poor: 3 get through, it may read no secret.",
        "60 known attacks on web/blind: 3 get through, which secrets that reaches is not known without its hub.",
        "make attack STACK=dev-spoke",
    )
    page = html.unescape(render_html.page(found, None, "", "", NOW))
    for sentence in sentences:
        assert sentence in text_of(found)
        assert sentence in page
    assert '<span class="bad">60 known attacks on web/leaks' in page
    assert '<span class="bad">60 known attacks on web/holds' not in page
    assert model.as_json(found)["untrusted"]["attacks"][1] == {
        "name": "web/leaks",
        "tried": 60,
        "through": 3,
        "secrets": ["kbs:///default/a/b"],
    }


def test_the_json_has_the_documented_shape(home: Path) -> None:
    hub = model.as_json(deployed.posture(deployed.export(home, "dev-hub")))
    assert list(hub) == ["format", "stack", "role", "warnings", "notes", "trusted", "untrusted"]
    assert hub["format"] == 1
    documented = (ROOT / "docs/posture.md").read_text()

    def keys(value: Any) -> set[str]:
        if isinstance(value, list):
            return {key for item in value for key in keys(item)}
        if not isinstance(value, dict):
            return set()
        # Below `documents` keys are the names of files.
        inner = {key for name, item in value.items() if name != "documents" for key in keys(item)}
        return {*value, *inner}

    spoke = model.as_json(deployed.posture(deployed.export(home, "dev-spoke")))
    assert [key for key in sorted(keys(hub) | keys(spoke)) if f"`{key}`" not in documented] == []
    assert json.loads(json.dumps(hub)) == hub


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names, self.attributes, self.style = set[str](), set[str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.style += data if self.lasttag == "style" else ""


def test_the_page_needs_nothing_else_and_escapes_everything(home: Path) -> None:
    hub = deployed.export(home, "dev-hub")
    evil = '"><script>alert(1)</script><img src="http://x.example.com/'
    hub = deployed.with_text(hub, "kbs-config", lambda text: f"# {evil}\n{text}")
    found = deployed.posture(hub)
    page = render_html.page(found, difference.between(found, found), "<b>", "<i>", NOW)
    assert html.escape(evil) in page
    tags = _Tags()
    tags.feed(page)
    assert not tags.names & {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "a",
        "b",
        "i",
        "svg",
    }
    assert tags.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class", "scope"}
    assert not re.search(r"@import|url\(", tags.style)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page


def test_a_difference_is_shown_in_the_texts_that_people_read(home: Path) -> None:
    before = deployed.export(home, "dev-hub")
    after = deployed.with_agent_policy(
        before,
        "hardened",
        lambda rego: rego.replace("default ReadStreamRequest := false", "default ReadStreamRequest := true"),
    )
    changes = {
        one.what: one.diff for one in difference.between(deployed.posture(before), deployed.posture(after))
    }
    assert "-hardened: read output: no" in changes["what the administrator of a spoke can do"]
    assert "+hardened: read output: YES" in changes["what the administrator of a spoke can do"]
    assert "+default ReadStreamRequest := true" in changes["profile hardened: policy.rego"]
    old, new = (one.outputs["profiles"]["hardened"]["pcr8"] for one in (before, after))
    assert {f"-hardened: {old}", f"+hardened: {new}"} <= set(changes["PCR8"])
    assert "profile debug: policy.rego" not in changes


def test_what_is_the_same_makes_no_difference(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-standalone"))
    assert difference.between(found, found) == ()
