from pathlib import Path

import pytest

from tools import check
from tools.check import CodeCheck, run


@pytest.mark.parametrize(("exits", "verdict"), [("true", "ok"), ("false", "FAILED")])
def test_the_linters_exit_code_is_the_verdict(exits: str, verdict: str, tmp_path: Path) -> None:
    assert run(CodeCheck(name="x", command=[exits]), tmp_path).verdict == verdict


def test_what_could_not_run_is_said(tmp_path: Path) -> None:
    missing = run(CodeCheck(name="x", command=["no-such-linter"]), tmp_path)
    assert (missing.verdict, "no-such-linter is not installed" in missing.output) == ("skipped", True)
    nothing = run(CodeCheck(name="x", command=["true"], files=["*.none"]), tmp_path)
    assert (nothing.verdict, nothing.output) == ("skipped", "there is no *.none")


def test_one_failure_fails_the_whole_and_shows_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = CodeCheck(name="broken", command=["sh", "-c", "echo this line is wrong; exit 3"])
    monkeypatch.setattr(check, "CHECKS", (CodeCheck(name="fine", command=["true"]), broken))
    assert check.main([]) == 1
    printed = capsys.readouterr().out
    assert "this line is wrong" in printed
    assert printed.endswith("2 checks: 1 ok, 1 FAILED, 0 skipped\n")
    assert check.main(["fine"]) == 0


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        check.main(["nonsense"])
    assert "there is no check nonsense" in capsys.readouterr().err
