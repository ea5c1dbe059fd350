"""What git runs at a commit is what `make check` runs, and nothing has to be fetched for it."""

import re
from typing import Any

import pytest
import yaml

from tests.config.committed import ROOT
from tools.check import CHECKS, CodeCheck

REPOSITORIES: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
HOOKS: dict[str, dict[str, Any]] = {hook["id"]: hook for hook in REPOSITORIES[0]["hooks"]}


def test_every_check_is_a_hook_and_none_is_fetched() -> None:
    assert [repository["repo"] for repository in REPOSITORIES] == ["local"]
    assert list(HOOKS) == [check.name for check in CHECKS]
    for name, hook in HOOKS.items():
        assert hook["entry"] == f".venv/bin/python -m tools.check {name}"
        assert (hook["language"], hook["pass_filenames"]) == ("unsupported", False)


@pytest.mark.parametrize("check", [check for check in CHECKS if check.files], ids=lambda check: check.name)
def test_a_hook_starts_for_every_file_that_its_check_reads(check: CodeCheck) -> None:
    paths = [str(path.relative_to(ROOT)) for glob in check.files for path in ROOT.glob(glob)]
    assert paths
    assert [path for path in paths if not re.search(HOOKS[check.name]["files"], path)] == []


@pytest.mark.parametrize(
    ("path", "hooks"),
    [
        ("components/network/vnet.py", {"pyright", "imports", "ruff", "format"}),
        ("config/sections/place.py", {"pyright", "imports", "ruff", "format", "schema", "configuration"}),
        ("config/schema.json", {"schema", "stacks"}),
        ("components/cluster/approve.sh", {"containers"}),
        (".github/workflows/check.yaml", {"yaml", "actionlint", "zizmor"}),
        ("docs/security.md", set()),
    ],
)
def test_a_changed_file_starts_the_checks_that_can_fail_for_it(path: str, hooks: set[str]) -> None:
    assert {name for name, hook in HOOKS.items() if re.search(hook["files"], path)} == hooks
