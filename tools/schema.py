"""`python -m tools.schema [--check]`: write config/schema.json from the models, or say whether it is what they give.

Editors complete and check stack files by it (their first line names it), and `make check` holds the committed files to it.
The schema knows each value by itself; the rules between values are in `config.rules`.
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

FILE = Path(__file__).parent.parent / "config" / "schema.json"
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


def text() -> str:
    """What the committed file must hold."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.schema", description="Write config/schema.json.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is stale")
    if not parser.parse_args(arguments).check:
        FILE.write_text(text(), "utf-8")
    elif not FILE.exists() or FILE.read_text("utf-8") != text():
        print(
            f"{FILE.name} is not what the models give: run python -m tools.schema and commit it",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
