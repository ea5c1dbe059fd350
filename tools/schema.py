"""`python -m tools.schema [--check]`: write the JSON schemas from the models, or say whether they are what the models give.

`config/schema.json`: editors complete and check stack files by it (their first line names it), and `make check` holds the
committed files to it. It knows each value by itself; the rules between values are in `config.rules`.
`trust/contract.schema.json`: what a hub publishes, for pipelines that read its outputs.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from config.load import PREFIX
from config.roles import ROLES, SECRETS
from sandbox.ending import end
from trust.contract import Contract

ROOT = Path(__file__).parent.parent
FILE = ROOT / "config" / "schema.json"
CONTRACT_FILE = ROOT / "trust" / "contract.schema.json"
_OF_PULUMI = ("secretsprovider", "encryptionsalt", "encryptedkey")


class _Schema(GenerateJsonSchema):
    """Without pydantic's titles, which only repeat the keys."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """With names of another form refused, which pydantic leaves open."""
        known = super().dict_schema(schema)
        return {**known, "additionalProperties": False} if "patternProperties" in known else known


def schema() -> dict[str, Any]:
    """The JSON schema of a whole stack file, `Pulumi.<stack>.yaml`."""
    _, models = models_json_schema(
        [(model, "validation") for model in ROLES.values()], schema_generator=_Schema
    )
    definitions: dict[str, Any] = models["$defs"]
    for model in ROLES.values():
        definitions[model.__name__] = _with_prefix(definitions[model.__name__])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of OpenShift confidential containers on Azure",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {
            **{key: {"type": "string", "description": "Written by Pulumi"} for key in _OF_PULUMI},
            "config": {
                "type": "object",
                "required": [f"{PREFIX}role"],
                "properties": {f"{PREFIX}role": {"enum": list(ROLES)}},
                "allOf": [
                    {
                        "if": {
                            "required": [f"{PREFIX}role"],
                            "properties": {f"{PREFIX}role": {"const": role}},
                        },
                        "then": {"$ref": f"#/$defs/{model.__name__}"},
                    }
                    for role, model in ROLES.items()
                ],
            },
        },
        "$defs": definitions,
    }


def _with_prefix(role: dict[str, Any]) -> dict[str, Any]:
    """The schema of a role as the `config:` of a file has it: keys with the prefix, encrypted secrets, other projects' keys."""
    secrets = {
        f"{PREFIX}{key}": {
            "description": meaning,
            "type": "object",
            "required": ["secure"],
            "additionalProperties": False,
            "properties": {
                "secure": {"type": "string", "description": "Written by pulumi config set --secret"}
            },
        }
        for key, meaning in SECRETS.items()
    }
    return {
        **role,
        "required": [f"{PREFIX}{key}" for key in role["required"]],
        "properties": {f"{PREFIX}{key}": value for key, value in role["properties"].items()} | secrets,
        "patternProperties": {f"^(?!{PREFIX})": {}},
    }


def contract_schema() -> dict[str, Any]:
    """The JSON schema of the outputs of a hub."""
    schema = Contract.model_json_schema(mode="serialization", schema_generator=_Schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def texts() -> dict[Path, str]:
    """What each committed file must hold."""
    schemas = {FILE: schema(), CONTRACT_FILE: contract_schema()}
    return {path: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for path, each in schemas.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.schema", description="Write the JSON schemas.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")
    check, stale = parser.parse_args(arguments).check, False
    for path, text in texts().items():
        if not check:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            stale = True
            print(
                f"{path.name} is not what the models give: run python -m tools.schema and commit it",
                file=sys.stderr,
            )
    return 1 if stale else 0


if __name__ == "__main__":
    end(main)
