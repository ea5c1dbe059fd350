"""Which fields an object may have and of which type, for every kind that the sandbox knows.

Built-in kinds: the OpenAPI schemas of Kubernetes, from the package kubernetes-validate. Kinds of custom resource definitions:
the files `<group>.yaml` beside this one, a schema of OpenAPI v3 for each kind. They state the fields that this project uses
and nothing else, so the sandbox also refuses a correct field that nobody has used yet: add it to the file then. `apiVersion`,
`kind`, `metadata` and `status` are the same for all kinds and are added here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from sandbox.openshift.kinds import ObjectKind, is_custom

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from referencing import Registry

Schema = dict[str, Any]
KUBERNETES = "1.33"
"""The version under OpenShift 4.20. The package has only `<version>.0`."""

_BUILT_IN = "/api/_definitions.json"
_FOLDER = Path(__file__).parent
_TYPES: tuple[tuple[type, str], ...] = (
    (dict, "object"),
    (list, "array"),
    (str, "string"),
    (bool, "boolean"),  # before int, of which it is a subclass
    (int, "integer"),
    (float, "number"),
)


def custom_schema(kind: ObjectKind) -> Schema:
    """The `openAPIV3Schema` of a custom resource definition."""
    stated = _group(kind.group)[kind.kind]
    properties: Schema = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        **stated["properties"],
        # Written by operators alone, here by their stand-ins.
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    return {"type": "object", **stated, "properties": properties}


def unknown_fields(kind: ObjectKind, manifest: Mapping[str, Any]) -> list[str]:
    """Paths of the fields that the schema does not have, for example `spec.template.spec.containers[0].comand`."""
    return [
        _path([*error.absolute_path, key])
        for error in _errors(kind, manifest)
        if error.validator == "additionalProperties"
        for key in cast(Any, error.instance)
        if key not in cast(Any, error.schema).get("properties", {})
    ]


def problems(kind: ObjectKind, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Missing fields, wrong types and values out of range, each as `<path>: <reason>`; never the value of a Secret."""
    for error in _errors(kind, manifest):
        if error.validator != "additionalProperties":
            yield from _sentences(error)


def hint(kind: ObjectKind) -> str:
    """Where the fields of a kind are stated, for a person whose field was refused."""
    if is_custom(kind):
        return f"the sandbox takes the fields in sandbox/openshift/schemas/{kind.group}.yaml"
    return f"the sandbox takes the fields of Kubernetes {KUBERNETES}"


def _sentences(error: ValidationError) -> Iterator[str]:
    path, value = _path(error.absolute_path), cast(Any, error.instance)
    found = next((name for type_, name in _TYPES if isinstance(value, type_)), "null")
    if error.validator == "required":
        missing = [name for name in cast(list[str], error.validator_value) if name not in value]
        yield from (f"{_path([*error.absolute_path, name])}: Required value" for name in missing)
    elif error.validator in ("type", "oneOf"):
        wanted = _wanted(error)
        quote = "; quote it" if wanted == "string" and found in ("boolean", "integer", "number") else ""
        yield f'{path}: Invalid value: "{found}": {path} in body must be of type {wanted}: "{found}"{quote}'
    elif error.validator == "enum":
        allowed = ", ".join(json.dumps(item) for item in cast(list[Any], error.validator_value))
        yield f"{path}: Unsupported value: {json.dumps(value)}: supported values: {allowed}"
    else:
        yield f"{path}: Invalid value: {json.dumps(value)}: {error.validator} is {error.validator_value}"


def _wanted(error: ValidationError) -> str:
    if error.validator == "oneOf":  # in Kubernetes only the type that is an integer or a string
        return "integer or string"
    wanted = cast(str | list[str], error.validator_value)
    return " or ".join(name for name in ([wanted] if isinstance(wanted, str) else wanted) if name != "null")


def _path(steps: Any) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _errors(kind: ObjectKind, manifest: Mapping[str, Any]) -> list[ValidationError]:
    """Without `status`: the API server ignores it when an object is written."""
    written = {key: value for key, value in manifest.items() if key != "status"}
    return list(_validator(kind).iter_errors(written))


@cache
def _validator(kind: ObjectKind) -> Validator:
    if is_custom(kind):
        schema = _closed(custom_schema(kind))
        schema["properties"]["metadata"] = {
            "$ref": f"{_BUILT_IN}#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
        }
    else:
        group, _, version = kind.api_version.rpartition("/")
        schema = _packaged("-".join(filter(None, (kind.kind.lower(), group.partition(".")[0], version))))
    from jsonschema.validators import Draft202012Validator

    return Draft202012Validator(schema, registry=_definitions())


@cache
def _definitions() -> Registry[Any]:
    """Imported when first needed: the libraries and the definitions take about 0.2 s.

    Crawled here once: a registry that is not would be crawled again, whole, at each reference of each object.
    """
    from referencing import Registry, Resource

    definitions = Resource[Any].from_contents(_packaged("_definitions"))
    return Registry[Any]().with_resource(_BUILT_IN, definitions).crawl()


def _packaged(name: str) -> Schema:
    folder = (
        resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"v{KUBERNETES}.0-local-strict"
    )
    return json.loads((folder / f"{name}.json").read_text())


@cache
def _group(group: str) -> dict[str, Schema]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((_FOLDER / f"{group}.yaml").read_text(), loader)  # noqa: S506 -- both are safe


def _closed(schema: Schema) -> Schema:
    """The schema in words of JSON Schema: it refuses what it does not name, as an API server does without saying so."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: _closed(inner) for name, inner in schema["properties"].items()}
    if "items" in schema:
        result["items"] = _closed(schema["items"])
    if schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result
