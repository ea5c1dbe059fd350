"""Every link between the project's pages leads somewhere, headings included."""

import re
from pathlib import Path

import pytest

from tests.config.committed import ROOT
from tools.configuration import anchor

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def headings(page: Path) -> set[str]:
    lines = page.read_text("utf-8").splitlines()
    return {anchor(line.lstrip("#").strip().replace("`", "")) for line in lines if line.startswith("#")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text("utf-8")):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link
