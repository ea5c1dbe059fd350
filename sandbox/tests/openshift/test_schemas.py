from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.openshift import kinds
from sandbox.openshift.definitions import definition
from sandbox.openshift.kinds import CRD, CSV, KINDS, ObjectKind, crd_name, is_custom
from sandbox.openshift.objects import new
from sandbox.openshift.schemas import Schema, custom_schema, problems, unknown_fields
from sandbox.provider import Refused
from sandbox.tests.openshift.cluster import TRUSTEE, Api, deployment

REAL = Path(__file__).resolve().parents[4] / "shared" / "crds"
"""The vendors' definitions, where they lie beside the project: `<group>/<plural>.<version>.yaml`."""
CUSTOM = sorted(filter(is_custom, KINDS.values()), key=crd_name)
# The one that the committed stacks install, of several that lie side by side.
NEWEST = "openshift-trustee-operator-main-1.2.1"
NOT_REQUIRED = {
    (CSV, "spec.install.spec.deployments[].spec"): "the sandbox's operators run no pods of their own"
}
CONTAINER = {"name": "web", "image": "web"}
SUBSCRIBED = {"name": "a", "source": "b", "sourceNamespace": "c"}
ISSUED = {"issuerRef": {"name": "ca"}, "secretName": "a"}


@pytest.mark.parametrize(
    ("kind", "content", "field"),
    [
        (kinds.CONFIG_MAP, {"dta": {}}, "dta"),
        (kinds.SERVICE, {"spec": {"selektor": {}, "ports": [{"port": 80}]}}, "spec.selektor"),
        (kinds.DEPLOYMENT, {"spec": deployment(containrs=[])}, "spec.template.spec.containrs"),
        (
            kinds.DEPLOYMENT,
            {"spec": deployment(containers=[{**CONTAINER, "comand": ["sh"]}])},
            "spec.template.spec.containers[0].comand",
        ),
        (
            kinds.ROUTE,
            {"spec": {"to": {"name": "web"}, "tls": {"terminaton": "edge"}}},
            "spec.tls.terminaton",
        ),
        (kinds.SUBSCRIPTION, {"spec": {**SUBSCRIBED, "startingCsv": "a.v1"}}, "spec.startingCsv"),
        (kinds.OPERATOR_GROUP, {"spec": {"targetNamespace": ["a"]}}, "spec.targetNamespace"),
        (kinds.KBS_CONFIG, {"spec": {"kbsEnvVars": {}}}, "spec.kbsEnvVars"),
        (kinds.KBS_CONFIG, {"spec": {"KbsDeploymentSpec": {"replica": 1}}}, "spec.KbsDeploymentSpec.replica"),
        (kinds.KATA_CONFIG, {"spec": {"enablePeerpods": True}}, "spec.enablePeerpods"),
        (
            kinds.CERTIFICATE,
            {"spec": {**ISSUED, "privateKey": {"algoritm": "RSA"}}},
            "spec.privateKey.algoritm",
        ),
        (kinds.CLUSTER_ISSUER, {"spec": {"selfsigned": {}}}, "spec.selfsigned"),
    ],
)
def test_a_misspelt_field_is_named(kind: ObjectKind, content: dict[str, Any], field: str) -> None:
    assert unknown_fields(kind, new(kind, "a", "app", **content)) == [field]


def test_a_misspelt_field_is_refused_when_it_is_written(api: Api) -> None:
    api.install(TRUSTEE)
    with pytest.raises(Refused, match=r'strict decoding error: unknown field "spec\.kbsEnvVars"') as refused:
        api.put(
            "kubernetes:confidentialcontainers.org/v1alpha1:KbsConfig",
            "kbs",
            TRUSTEE,
            spec={"kbsEnvVars": {}},
        )
    assert "sandbox/openshift/schemas/confidentialcontainers.org.yaml" in str(refused.value)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.resource)
def test_every_kind_refuses_a_field_that_nobody_knows_at_the_top_and_in_its_metadata(
    kind: ObjectKind,
) -> None:
    manifest = new(kind, "a", labels={"a": "b"}, annotations={"a": "b"})
    assert unknown_fields(kind, manifest) == []
    manifest["metadata"]["anotations"] = {}
    assert sorted(unknown_fields(kind, {**manifest, "speck": {}})) == ["metadata.anotations", "speck"]


@pytest.mark.parametrize("kind", CUSTOM, ids=crd_name)
def test_no_object_inside_a_custom_kind_takes_a_field_that_nobody_knows(kind: ObjectKind) -> None:
    places = [
        path
        for path, node in _nodes(custom_schema(kind), ())
        if node.get("type") == "object" and "additionalProperties" not in node and path and path[0] == "spec"
    ]
    assert places
    for path in places:
        content: Any = {"misspelt": 1}
        for step in reversed(path):
            content = [content] if step == "[]" else {step: content}
        expected = ".".join((*path, "misspelt")).replace(".[]", "[0]")
        assert expected in unknown_fields(kind, new(kind, "a", **content))


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        (kinds.ROUTE, {"spec": {}}, "spec.to: Required value"),
        (kinds.SUBSCRIPTION, {}, "spec: Required value"),
        (
            kinds.SUBSCRIPTION,
            {"spec": {**SUBSCRIBED, "installPlanApproval": "Auto"}},
            'spec.installPlanApproval: Unsupported value: "Auto": supported values: "Automatic", "Manual"',
        ),
        (
            kinds.KATA_CONFIG,
            {"spec": {"enablePeerPods": "yes"}},
            'spec.enablePeerPods: Invalid value: "string": spec.enablePeerPods in body must be of type boolean: "string"',
        ),
        (
            kinds.SERVICE,
            {"spec": {"ports": [{"port": 80, "targetPort": True}]}},
            'spec.ports[0].targetPort: Invalid value: "boolean": spec.ports[0].targetPort in body must be of type integer or '
            'string: "boolean"',
        ),
        (
            kinds.ROUTE,
            {"spec": {"to": {"name": "web"}, "path": "kbs"}},
            'spec.path: Invalid value: "kbs": pattern is ^/',
        ),
    ],
)
def test_what_a_schema_does_not_allow_is_said_as_the_api_server_says_it(
    kind: ObjectKind, content: dict[str, Any], sentence: str
) -> None:
    assert list(problems(kind, new(kind, "a", **content))) == [sentence]


def test_a_secret_of_the_wrong_type_is_refused_without_its_value() -> None:
    [sentence] = problems(kinds.SECRET, new(kinds.SECRET, "a", stringData={"pin": 271828}))
    assert sentence.startswith("stringData.pin: ")
    assert "271828" not in sentence


@pytest.mark.parametrize("kind", CUSTOM, ids=crd_name)
def test_a_custom_kind_has_a_definition_that_an_api_server_takes(kind: ObjectKind) -> None:
    crd = definition(kind)
    assert unknown_fields(CRD, crd) == []
    assert list(problems(CRD, crd)) == []
    spec = crd["spec"]
    assert (crd["metadata"]["name"], spec["names"]["kind"]) == (crd_name(kind), kind.kind)
    assert (spec["scope"] == "Namespaced") is kind.namespaced
    [version] = spec["versions"]
    assert f"{spec['group']}/{version['name']}" == kind.api_version
    # The rules of structural schemas: a type everywhere, and named fields or any fields, never both.
    for path, node in _nodes(version["schema"]["openAPIV3Schema"], ()):
        assert ("type" in node) is not ("x-kubernetes-int-or-string" in node), path
        assert not {"properties", "additionalProperties"} <= node.keys(), path


@pytest.mark.parametrize("kind", CUSTOM, ids=crd_name)
def test_a_schema_says_nothing_that_the_real_one_does_not(kind: ObjectKind) -> None:
    if not REAL.is_dir():
        pytest.skip(f"the vendors' definitions are not beside the project ({REAL.name} is missing)")
    if kind is kinds.EXTERNAL_SECRETS_CONFIG:
        pytest.skip("its definition is not among them")
    ours, real = custom_schema(kind), _real(kind)
    assert _differences(kind, ours["properties"]["spec"], real["properties"]["spec"], "spec") == []
    demanded = {"metadata", "spec"} & set(real.get("required", ()))
    assert demanded == set(ours.get("required", ()))


def test_the_comparison_with_the_real_schemas_notices_what_differs() -> None:
    real = {
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "enum": ["x"]},
            "b": {"type": "array", "items": {"type": "string"}},
        },
    }
    ours = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "enum": ["x", "y"]},
            "b": {"type": "array", "items": {"type": "integer"}},
            "c": {"type": "string"},
        },
    }
    assert _differences(kinds.ROUTE, ours, real, "spec") == [
        "spec: requires [], really ['a']",
        "spec.a: allows ['y'] as well",
        "spec.b[]: is integer, really string",
        "spec.c: does not exist",
    ]


def _nodes(schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Schema]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _nodes(inner, (*path, name))
    if "items" in schema:
        yield from _nodes(schema["items"], (*path, "[]"))
    if "additionalProperties" in schema:
        yield from _nodes(schema["additionalProperties"], (*path, "a"))


def _differences(kind: ObjectKind, ours: Schema, real: Mapping[str, Any], path: str) -> list[str]:
    """What ours takes and the real one does not, at a field and below it."""
    found: list[str] = []
    if _type(ours) != _type(real):
        return [f"{path}: is {_type(ours)}, really {_type(real)}"]
    named = real.get("properties", {})
    # What has a default is never missing when the API server checks.
    really = {
        name
        for name in real.get("required", ())
        if "default" not in named[name] and (kind, f"{path}.{name}") not in NOT_REQUIRED
    }
    if set(ours.get("required", ())) != really:
        found.append(f"{path}: requires {sorted(ours.get('required', ()))}, really {sorted(really)}")
    if "enum" in real and (more := sorted(set(ours.get("enum", ("anything",))) - set(real["enum"]))):
        found.append(f"{path}: allows {more} as well")
    for name, inner in ours.get("properties", {}).items():
        if name not in named:
            found.append(f"{path}.{name}: does not exist")
        else:
            found += _differences(kind, inner, named[name], f"{path}.{name}")
    if "items" in ours:
        found += _differences(kind, ours["items"], real["items"], f"{path}[]")
    if "additionalProperties" in ours:
        found += _differences(kind, ours["additionalProperties"], real["additionalProperties"], f"{path}.*")
    return found


def _type(schema: Mapping[str, Any]) -> str:
    return "integer or string" if schema.get("x-kubernetes-int-or-string") else schema["type"]


def _real(kind: ObjectKind) -> Mapping[str, Any]:
    files = sorted(REAL.glob(f"{kind.group}/{kind.plural}.*.yaml"))
    chosen = next((path for path in files if NEWEST in path.name), files[-1])
    crd = yaml.load(chosen.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe
    [version] = [
        item for item in crd["spec"]["versions"] if f"{kind.group}/{item['name']}" == kind.api_version
    ]
    return version["schema"]["openAPIV3Schema"]
