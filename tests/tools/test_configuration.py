"""docs/configuration.md: what the models give, and every key in it."""

from pathlib import Path
from typing import Any

import pytest

from config.roles import ROLES
from tests.config.test_schema import SCHEMA
from tools import configuration

TEXT = configuration.text()


def test_the_committed_reference_is_what_the_models_give() -> None:
    assert configuration.FILE.read_text("utf-8") == TEXT, "run make schema"


def _keys(definition: dict[str, Any]) -> set[str]:
    return set(definition.get("properties", {}))


def test_every_key_that_the_schema_knows_is_explained() -> None:
    for name, definition in SCHEMA["$defs"].items():
        for key in _keys(definition):
            assert f"`{key}`" in TEXT, f"{name}.{key}"


def test_every_key_of_every_role_has_a_row() -> None:
    for role in ROLES.values():
        for name, field in role.model_fields.items():
            assert f"[`coco:{field.alias or name}`]" in TEXT, name


def test_values_and_defaults_are_told_in_words() -> None:
    assert "| `workerCount` | 2 to 50 | `3` | Number of worker nodes |" in TEXT
    assert "| `imagePolicy` | `insecure`, `reject`, `signed` | `reject` |" in TEXT
    assert "| `podCidr` | an IPv4 range of /8 to /18, such as 10.128.0.0/14 | required |" in TEXT
    assert "| [`coco:trustee`](#cocotrustee) | required | - | - | required |" in TEXT


def test_every_link_has_its_heading() -> None:
    headings = {configuration.anchor(line[3:]) for line in TEXT.splitlines() if line.startswith("## ")}
    links = {line.split("(#")[1].split(")")[0] for line in TEXT.splitlines() if "(#" in line}
    assert links <= headings


def test_check_fails_on_a_stale_file_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "configuration.md"
    monkeypatch.setattr(configuration, "FILE", stale)
    assert configuration.main(["--check"]) == 1
    stale.write_text("old", "utf-8")
    assert configuration.main(["--check"]) == 1
    assert stale.read_text("utf-8") == "old"
    assert "run make schema" in capsys.readouterr().err
    assert configuration.main([]) == 0
    assert configuration.main(["--check"]) == 0
