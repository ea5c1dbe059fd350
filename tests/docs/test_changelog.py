"""The changelog's sections are in order and dated, and each says what a preview shows."""

import re
from datetime import date

from tests.config.committed import ROOT

SECTIONS = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[1:]


def test_versions_are_dated_and_the_newest_comes_first() -> None:
    titles = [section.splitlines()[0] for section in SECTIONS]
    assert titles[0] == "Unreleased"
    released = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)", title) for title in titles[1:]]
    assert released
    assert all(released), titles
    order = [
        (date.fromisoformat(title[4]), tuple(map(int, title.groups()[:3]))) for title in released if title
    ]
    assert order == sorted(order, reverse=True)


def test_every_version_says_what_the_next_preview_shows() -> None:
    assert [s.splitlines()[0] for s in SECTIONS if "\n### What your next preview shows\n" not in s] == []
