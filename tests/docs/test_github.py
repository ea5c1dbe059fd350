"""What GitHub and editors read beside the workflows agrees with the project's tree and its security model."""

import json
import re

import yaml

from tests.config.committed import ROOT

HEADINGS = re.findall(r"^##+ (.+)$", (ROOT / "docs/security.md").read_text("utf-8"), re.MULTILINE)
MODEL = HEADINGS[HEADINGS.index("What each attacker can and cannot do") + 1 :]


def test_every_path_that_has_an_owner_exists() -> None:
    lines = [
        line.split() for line in (ROOT / ".github/CODEOWNERS").read_text().splitlines() if line[:1] in "*/"
    ]
    paths = [line[0].lstrip("/") for line in lines if line]
    assert paths[0] == "*"
    assert [path for path in paths[1:] if not (ROOT / path).exists()] == []


def test_the_release_checklist_asks_about_every_attacker_and_every_limit() -> None:
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/security-checklist.yaml").read_text())
    groups = [item["attributes"]["label"] for item in form["body"] if item["type"] == "checkboxes"]
    assert groups[0] == "Before"
    # The tests alone can show what is the default.
    assert groups[1:] == [heading for heading in MODEL if heading != "Nothing is open by default"]


def test_the_development_container_sets_up_what_the_makefile_does() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    target = container["postCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "features" not in container, "features are fetched from places other than the package indexes"
    assert ":3.11-" in container["image"], "the oldest Python that the program supports"


def test_updates_wait_as_long_as_make_lock_does() -> None:
    renovate = json.loads((ROOT / ".github/renovate.json").read_text())
    assert f"--exclude-newer '{renovate['minimumReleaseAge']}'" in (ROOT / "tools/lock.sh").read_text()


def test_updates_of_what_declares_resources_come_one_by_one() -> None:
    renovate = json.loads((ROOT / ".github/renovate.json").read_text())
    (alone,) = [
        rule for rule in renovate["packageRules"] if "groupName" in rule and rule["groupName"] is None
    ]
    asked = set(re.findall(r"^pulumi[\w-]*", (ROOT / "requirements.in").read_text(), re.MULTILINE))
    assert asked <= set(alone["matchPackageNames"])
