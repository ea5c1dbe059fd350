"""The review of a change, on a repository of its own whose sandbox only says what it was asked."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools import review

SANDBOX = """
import sys, pathlib
verb, stack, home = sys.argv[1], sys.argv[3], pathlib.Path(sys.argv[5])
print(f"{verb} {stack} with", pathlib.Path("components/code.py").read_text())
sys.exit(1 if "broken" in pathlib.Path("components/code.py").read_text() else 0)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    for path, text in {
        "sandbox/__main__.py": SANDBOX,
        "components/code.py": "old code",
        "requirements.txt": "",
        "stacks/Pulumi.dev-hub.yaml": "config: {'coco:role': hub}",
        "stacks/Pulumi.dev-spoke.yaml": "config: {'coco:role': spoke, 'coco:hub': organization/coco/dev-hub}",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    git(root, "switch", "--quiet", "--create", "change")
    monkeypatch.setattr(review, "ROOT", root)
    return root


def git(root: Path, *command: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run([shutil.which("git") or "git", "-C", str(root), *identity, *command], check=True)


def commit(root: Path) -> None:
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=change")


def test_a_stack_comes_up_as_it_was_and_is_previewed_as_it_will_be(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "components/code.py").write_text("new code")
    commit(project)
    assert review.main(["main"]) == 0
    printed = capfd.readouterr().out
    assert printed.index("preview dev-hub with new code") < printed.index("preview dev-spoke with new code")
    assert "old code" not in printed
    assert [path.name for path in (project / ".git/worktrees").glob("*")] == []


def test_what_does_not_come_up_after_a_change_fails_it(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "components/code.py").write_text("broken")
    commit(project)
    assert review.main(["main"]) == 1
    assert "dev-hub could not be previewed" in capfd.readouterr().out


def test_a_broken_base_does_not_hide_the_change(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "components/code.py").write_text("broken")
    commit(project)
    git(project, "branch", "--force", "main")
    (project / "components/code.py").write_text("mended")
    commit(project)
    assert review.main(["main"]) == 0
    printed = capfd.readouterr().out
    assert "dev-hub does not come up from main, so all of it shows as new" in printed
    assert "preview dev-hub with mended" in printed


def test_a_new_stack_is_called_new(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/Pulumi.prod-hub.yaml").write_text("config: {'coco:role': hub}")
    commit(project)
    assert review.main(["main"]) == 0
    printed = capfd.readouterr().out
    assert "`prod-hub` is new" in printed
    assert "dev-hub" not in printed


def test_a_change_of_words_previews_nothing(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "README.md").write_text("words")
    commit(project)
    assert review.main(["main"]) == 0
    assert capfd.readouterr().out == "No stack is touched.\n"
