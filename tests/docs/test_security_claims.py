"""docs/security.md names a test or a setting for each claim: they exist, and every row of its tables has one."""

import ast
import re
from functools import cache

import pytest
import yaml

from model import advisories
from tests.config.committed import ROOT
from tools import configuration

PAGE = (ROOT / "docs/security.md").read_text("utf-8")
CLAIMS = sorted(set(re.findall(r"`((?:sandbox/)?tests/[\w/]+\.py)::(\w+)`", PAGE)))
SETTINGS = sorted(set(re.findall(r"`coco:([\w.<>]+)`", PAGE)))


@cache
def functions(file: str) -> set[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "name"), CLAIMS)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert name in functions(file), f"docs/security.md names {file}::{name}, which is not there"


def test_every_test_is_named_with_its_file() -> None:
    named = re.findall(r"`(?:(?:sandbox/)?tests/)?[\w/]*(?:\.py::)?(test_\w+)`", PAGE)
    assert sorted(set(named)) == sorted({name for _, name in CLAIMS})


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_is_named_exists(setting: str) -> None:
    section, *keys = setting.split(".")
    assert f"`coco:{section}`" in configuration.text()
    assert all(f"| `{key}` |" in configuration.text() for key in keys if key != "<name>")


def _claim_rows() -> list[str]:
    rows: list[str] = []
    backed = False
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            backed = False
        elif line.startswith(("| cannot |", "| claim |")):
            backed = True
            assert line.endswith("| backed by |")
        elif backed and not line.startswith("| ---"):
            rows.append(line)
    return rows


@pytest.mark.parametrize("row", _claim_rows(), ids=lambda row: row[2:60])
def test_every_claim_is_backed(row: str) -> None:
    backing = row.rstrip("|").rsplit("|", 1)[1]
    assert "::test_" in backing or "setting" in backing


ADVISORIES = advisories.read((ROOT / "advisories.yaml").read_text("utf-8")).advisories
# The tests of policies that the agent in a guest enforces: what they prove holds only while it is this policy that it enforces.
BY_THE_AGENT = re.compile(
    r"tests/(?:model/policy/test_(?:workload_policy|agent_policy|recorded_requests|policy_engines)|tools/test_attack\w*)\.py"
)


@pytest.mark.parametrize("name", ADVISORIES)
def test_a_claim_that_an_advisory_takes_back_says_so(name: str) -> None:
    """In the row of a claim, or of who is trusted with what."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    assert any(f"`{name}`" in row for row in rows)


@pytest.mark.parametrize(
    "row", [row for row in _claim_rows() if BY_THE_AGENT.search(row)], ids=lambda row: row[2:60]
)
def test_what_the_agent_enforces_is_claimed_only_where_it_runs_under_our_policy(row: str) -> None:
    assert "`initdata-disk`" in row
    assert "`initdata-fallback`" in row


def test_no_claim_is_made_of_a_register_that_proves_nothing() -> None:
    assert not [row for row in _claim_rows() if re.search(r"PCR ?3\b", row)]


def test_an_advisory_that_is_named_exists() -> None:
    named = [
        name
        for phrase in re.findall(r"advisor(?:y|ies)\s+((?:`[a-z-]+`(?:, | and | or )?)+)", PAGE)
        for name in re.findall("`([a-z-]+)`", phrase)
    ]
    assert set(named) == set(ADVISORIES)


WORKFLOWS = {path.name: path.read_text("utf-8") for path in (ROOT / ".github/workflows").glob("*.yaml")}


def test_no_workflow_has_a_right_that_a_job_does_not_ask_for() -> None:
    assert all(text.count("\npermissions: {}\n") == 1 for text in WORKFLOWS.values())


def test_a_fork_gets_no_credentials() -> None:
    same_repository = "github.event.pull_request.head.repo.full_name == github.repository"
    for name, text in WORKFLOWS.items():
        if "pull_request" in text and "id-token: write" in text:
            jobs = yaml.safe_load(text)["jobs"]
            first = [job for job in jobs.values() if "needs" not in job]
            assert all(same_repository in job["if"] for job in first), name
        assert "pull_request_target" not in text


def test_no_workflow_applies_a_change() -> None:
    assert not any(
        re.search(r"pulumi (up|destroy|refresh)|command: (up|destroy)", t) for t in WORKFLOWS.values()
    )


def test_a_job_that_may_write_to_a_pull_request_runs_nothing_of_the_change() -> None:
    """Without `ref`, the checkout of a pull request is its merge with the base."""
    writers = [
        job
        for text in WORKFLOWS.values()
        for job in yaml.safe_load(text)["jobs"].values()
        if "write" in (job["permissions"].get("pull-requests"), job["permissions"].get("contents"))
    ]
    assert len(writers) == 1
    checkouts = [
        step for job in writers for step in job["steps"] if "actions/checkout@" in step.get("uses", "")
    ]
    assert [step["with"]["ref"] for step in checkouts] == ["${{ github.event.pull_request.base.sha }}"]
