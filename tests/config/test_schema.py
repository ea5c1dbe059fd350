"""The committed JSON schema: what the models give, and what it tells an editor about a stack file."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.config.committed import NAMES, ROOT
from tests.program import roles
from tools import schema

SCHEMA = schema.schema()


def complaints(document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


@pytest.fixture
def hub() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "stacks/Pulumi.dev-hub.yaml").read_text("utf-8"))


def test_the_committed_schemas_are_what_the_models_give() -> None:
    for path, text in schema.texts().items():
        assert path.read_text("utf-8") == text, "run python -m tools.schema"


def test_what_a_hub_publishes_fits_the_schema_of_the_contract() -> None:
    contract = Draft202012Validator(schema.contract_schema())
    outputs = dict(roles.committed_graph("dev-hub").exports)
    assert [error.message for error in contract.iter_errors(outputs)] == []
    assert not contract.is_valid({**outputs, "kbsUrl": 1})
    assert not contract.is_valid({**outputs, "released": {"no path": []}})


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", NAMES)
def test_committed_stacks_are_valid(name: str) -> None:
    assert complaints(yaml.safe_load((ROOT / f"stacks/Pulumi.{name}.yaml").read_text("utf-8"))) == []


def test_what_pulumi_writes_into_a_stack_file_is_valid(hub: dict[str, Any]) -> None:
    hub |= {"secretsprovider": "passphrase", "encryptionsalt": "v1:abc=:v1:def"}
    hub["config"] |= {"coco:pullSecret": {"secure": "v1:abc"}, "azure-native:environment": "public"}
    assert complaints(hub) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("coco:role", "hubb"),
        ("coco:netwrk", {}),
        ("coco:pullSecret", "in plain text"),
        ("coco:network", {"cidr": 10}),
        ("coco:secrets", {"Bad_Name": {"source": "generated", "keys": ["k"], "readableBy": []}}),
        ("coco:azure", {"location": "eastus2", "subscriptionId": "x", "tenantId": "x"}),
        ("coco:peerPods", {}),
    ],
)
def test_an_editor_marks_the_mistake(hub: dict[str, Any], key: str, value: object) -> None:
    hub["config"][key] = value
    assert complaints(hub)


def test_an_editor_marks_nodes_that_cannot_be(hub: dict[str, Any]) -> None:
    hub["config"]["coco:cluster"]["workerVmSize"] = "Standard_DC2as_v5"
    assert complaints(hub)


def descriptions_missing(node: Any, path: str = "") -> list[str]:
    if not isinstance(node, dict):
        return []
    missing = []
    for key, value in node.get("properties", {}).items():
        described = "description" in value or "$ref" in value or key == "kind"
        missing += [] if described else [f"{path}.{key}"]
    return missing


def test_every_key_says_what_it_is_for() -> None:
    assert [m for name, d in SCHEMA["$defs"].items() for m in descriptions_missing(d, name)] == []
    assert all("description" in d for d in SCHEMA["$defs"].values())


def test_check_fails_on_a_stale_file_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "schema.json"
    stale.write_text("{}", "utf-8")
    monkeypatch.setattr(schema, "FILE", stale)
    assert schema.main(["--check"]) == 1
    assert stale.read_text("utf-8") == "{}"
    assert "run python -m tools.schema" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert schema.main(["--check"]) == 0
