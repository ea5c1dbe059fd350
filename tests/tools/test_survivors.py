"""A change of the code that no test noticed is reported, unless the very change is known."""

import json
from pathlib import Path

import pytest
import yaml

from tools import survivors

SHOWN = """# model.policy.pins.x__pin__mutmut_3: survived
--- model/policy/pins.py
+++ model/policy/pins.py
@@ -1,3 +1,3 @@
 def _pin(text):
-    return text.strip()
+    return text.lstrip()
"""
TAKEN_OUT = """--- a.py
+++ a.py
@@ -1,3 +1,2 @@
     f(
-        width=100,
     )
"""


@pytest.mark.parametrize(
    ("mutant", "name"),
    [
        ("model.policy.pins.x__pin__mutmut_3", "model.policy.pins._pin"),
        ("model.policy.pins.x_pin__mutmut_12", "model.policy.pins.pin"),
        ("components.hub.trustee.xǁTrusteeǁ__init____mutmut_1", "components.hub.trustee.Trustee.__init__"),
    ],
)
def test_the_function_of_a_mutant_is_named_as_in_the_code(mutant: str, name: str) -> None:
    assert survivors.function(mutant) == name


def test_what_no_test_noticed_or_reached_is_taken_from_the_results_and_nothing_else() -> None:
    results = "    a.x_f__mutmut_1: survived\n    a.x_f__mutmut_2: killed\n    a.x_g__mutmut_1: no tests\n\n"
    assert list(survivors.unnoticed(results)) == ["a.x_f__mutmut_1", "a.x_g__mutmut_1"]


@pytest.mark.parametrize(
    ("difference", "line", "known"),
    [
        (SHOWN, "return text.lstrip()", True),
        (SHOWN, "return text.rstrip()", False),
        (SHOWN, "return text.strip()", False),
        (TAKEN_OUT, "width=100,", True),
        (TAKEN_OUT, "width=101,", False),
        ("", "", False),
    ],
)
def test_only_the_very_change_is_explained_and_only_in_its_function(
    difference: str, line: str, known: bool
) -> None:
    assert survivors.explained("a.f", difference, {"a.f": {line: "why"}}) is known
    assert not survivors.explained("a.g", difference, {"a.f": {line: "why"}})


def test_one_survivor_that_is_not_known_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mutmut(verb: str, *_: str) -> str:
        return {"results": "model.policy.pins.x__pin__mutmut_3: survived", "show": SHOWN}.get(verb, "")

    (tmp_path / "mutants").mkdir()
    counts = {"killed": 4, "survived": 1, "no_tests": 0, "timeout": 0}
    (tmp_path / "mutants/mutmut-cicd-stats.json").write_text(json.dumps(counts))
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(survivors, "_mutmut", mutmut)
    for known, code in (({}, 1), ({"model.policy.pins._pin": {"return text.lstrip()": "why"}}, 0)):
        survivors.KNOWN.write_text(yaml.safe_dump(known))
        assert survivors.main() == code
        said = capsys.readouterr().out
        assert ("+    return text.lstrip()" in said) == bool(code)
        assert f"4 killed, 1 survived, 0 no tests, 0 timeout; {code} of those" in said
