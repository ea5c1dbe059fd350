"""Every Kubernetes object of every committed stack is one that its API server would take.

Custom resources are held against the real schemas where they lie beside the project, and strictly: a field that the schema
does not know is an error here, where an API server would drop it in silence.
"""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.config import committed
from tests.harness import Secret
from tests.program import roles

SCHEMAS = committed.ROOT.parent / "shared" / "crds"
# OpenShift 4.20 is Kubernetes 1.33.
KUBERNETES = "1.33"
GROUPS = (
    "cert-manager.io",
    "confidentialcontainers.org",
    "kataconfiguration.openshift.io",
    "operators.coreos.com",
    "route.openshift.io",
)
# Several versions of these lie side by side; this is the one that the committed stacks install.
NEWEST = {"KbsConfig": "kbsconfigs.openshift-trustee-operator-main-1.2.1.yaml"}


def _manifests(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in roles.committed_graph(name).values():
        if resource.type.startswith("kubernetes:") and not resource.read:
            yield resource.name, _plain(resource.inputs)


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture
def _schemas_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The definitions are some megabytes, and would be read for each object."""
    monkeypatch.setattr(kubernetes_validate.utils, "schema_contents", _schema)


_schema = cache(kubernetes_validate.utils.schema_contents)


@pytest.mark.usefixtures("_schemas_are_read_once")
@pytest.mark.parametrize("name", committed.NAMES)
def test_built_in_kinds_fit_the_schemas_of_kubernetes(name: str) -> None:
    checked = 0
    for resource, manifest in _manifests(name):
        if _is_custom(manifest):
            continue
        try:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{resource}: {'.'.join(map(str, error.path))}: {error.message}")
        checked += 1
    assert checked > 10


def _is_custom(manifest: dict[str, Any]) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." in group and not group.endswith("k8s.io")


@pytest.mark.skipif(
    not SCHEMAS.is_dir(), reason=f"the CRD schemas are not beside the project ({SCHEMAS.name} is missing)"
)
@pytest.mark.parametrize("name", committed.NAMES)
def test_custom_resources_fit_the_real_schemas(name: str) -> None:
    schemas = _schemas()
    checked = set()
    for resource, manifest in _manifests(name):
        if not _is_custom(manifest):
            continue
        schema = schemas[manifest["apiVersion"], manifest["kind"]]
        errors = [
            f"{resource}: {'.'.join(map(str, e.absolute_path))}: {e.message}"
            for e in jsonschema.Draft202012Validator(schema).iter_errors(manifest)
        ]
        assert errors == []
        checked.add(manifest["kind"])
    expected = {"Subscription", "OperatorGroup", "Route"}
    expected |= (
        {"KbsConfig", "Certificate", "ClusterIssuer", "Issuer"} if not name.endswith("spoke") else set()
    )
    expected |= {"KataConfig"} if not name.endswith("hub") else set()
    assert checked == expected


def test_the_schema_check_notices_a_misspelt_field() -> None:
    if not SCHEMAS.is_dir():
        pytest.skip("the CRD schemas are not beside the project")
    kbs = next(deepcopy(m) for _, m in _manifests("dev-hub") if m["kind"] == "KbsConfig")
    kbs["spec"]["kbsEnvVars"] = kbs["spec"].pop("KbsEnvVars")
    schema = _schemas()["confidentialcontainers.org/v1alpha1", "KbsConfig"]
    assert any("kbsEnvVars" in e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(kbs))


@cache
def _schemas() -> dict[tuple[str, str], dict[str, Any]]:
    schemas: dict[tuple[str, str], dict[str, Any]] = {}
    for path in (path for group in GROUPS for path in sorted(SCHEMAS.glob(f"{group}/*.yaml"))):
        crd = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe
        kind = crd["spec"]["names"]["kind"]
        if path.name != NEWEST.get(kind, path.name):
            continue
        for version in crd["spec"]["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            _close(schema)
            schema["properties"]["metadata"] = {"type": "object"}
            schemas[f"{crd['spec']['group']}/{version['name']}", kind] = schema
    return schemas


def _close(schema: dict[str, Any]) -> None:
    """Refuse fields that the schema does not list, as `kubectl apply --validate=strict` does."""
    for key in [
        key for key, value in schema.items() if value is None
    ]:  # a slip of the generator in one of them
        del schema[key]
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    for inner in (
        *schema.get("properties", {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ):
        if isinstance(inner, dict):
            _close(inner)
