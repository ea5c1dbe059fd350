import base64
import json
from typing import Any

import pytest

from sandbox.openshift import kinds
from sandbox.openshift.objects import Manifest, condition
from sandbox.provider import Incomplete, Refused
from sandbox.tests.openshift.cluster import CONFIG_MAP, KBS_CONFIG, SECRET, TRUSTEE, Api

MIGRATED = {"kbs.confidentialcontainers.org/migrated-from-v1.1.0": "v1.2.0"}
READY = {"pulumi.com/waitFor": "jsonpath={.status.isReady}=true"}
TOML = """
[http_server]
sockets = ["0.0.0.0:8080"]
private_key = "/etc/https-key/tls.key"
certificate = "/etc/https-cert/tls.crt"
[admin]
authorization_mode = "DenyAll"
"""
VALUE = {"name": "snp_pcr08", "expiration": "2027-12-31T00:00:00Z", "value": ["00"]}
MAPS = {
    "config": {"kbs-config.toml": TOML},
    "resource": {"resource-policy.rego": "package policy\ndefault allow := false\n"},
    "attestation": {"default_cpu.rego": "package policy\n"},
    "values": {
        "reference_value": json.dumps({"snp_pcr08": base64.b64encode(json.dumps(VALUE).encode()).decode()})
    },
}
SPEC: dict[str, Any] = {
    "kbsDeploymentType": "AllInOneDeployment",
    "kbsConfigMapName": "config",
    "kbsResourcePolicyConfigMapName": "resource",
    "kbsAttestationPolicyConfigMapName": "attestation",
    "kbsRvpsRefValuesConfigMapName": "values",
    "kbsAuthSecretName": "auth",
    "kbsHttpsKeySecretName": "tls",
    "kbsHttpsCertSecretName": "tls",
    "kbsSecretResources": ["kbsres1"],
}


def trustee(
    api: Api,
    csv: str = "trustee-operator.v1.2.1",
    *,
    annotations: dict[str, str] | None = None,
    maps: dict[str, Any] | None = None,
    **spec: Any,
) -> Manifest:
    """Everything a KbsConfig names, then the KbsConfig, waited for."""
    api.subscribe(TRUSTEE, csv)
    api.approve(TRUSTEE, csv)
    for name, data in {**MAPS, **(maps or {})}.items():
        api.put(
            CONFIG_MAP, name, TRUSTEE, data=data, annotations=MIGRATED if annotations is None else annotations
        )
    api.put(SECRET, "auth", TRUSTEE, stringData={"publicKey": "pem"})
    api.put(SECRET, "tls", TRUSTEE, stringData={"tls.key": "pem", "tls.crt": "pem"})
    api.put(SECRET, "kbsres1", TRUSTEE, stringData={"key1": "value"})
    return api.put(KBS_CONFIG, "kbs", TRUSTEE, spec={**SPEC, **spec}, annotations=READY)


def test_a_complete_kbs_config_becomes_a_service_that_is_ready(api: Api) -> None:
    assert trustee(api)["status"]["isReady"] is True
    service = api.get(kinds.SERVICE, "kbs-service", TRUSTEE)
    assert [port["name"] for port in service["spec"]["ports"]] == ["kbs-port"]


def test_a_config_map_without_the_migration_mark_is_deleted(api: Api) -> None:
    with pytest.raises(Incomplete, match='ConfigMap "config" not found'):
        trustee(api, annotations={})
    names = {item["metadata"]["name"] for item in api.cluster.objects.all(kinds.CONFIG_MAP, TRUSTEE)}
    assert names == {"values", "config.v1.1", "resource.v1.1", "attestation.v1.1"}


@pytest.mark.parametrize(
    ("spec", "answer"),
    [
        ({"kbsAuthSecretName": ""}, "kbsAuthSecretName is empty"),
        ({"kbsAuthSecretName": "nope"}, 'Secret "nope" not found'),
        ({"kbsSecretResources": ["kbsres1", "nope"]}, 'Secret "nope" not found'),
        (
            {"kbsHttpsCertSecretName": None},
            "private_key = /etc/https-key/tls.key, but no such file is mounted",
        ),
    ],
)
def test_a_kbs_config_that_names_nothing_makes_no_service(
    api: Api, spec: dict[str, Any], answer: str
) -> None:
    with pytest.raises(Incomplete, match=answer):
        trustee(api, **spec)


@pytest.mark.parametrize(
    ("name", "data", "answer"),
    [
        ("config", {"kbs-config.toml": "not toml"}, "kbs-config.toml: Expected"),
        (
            "config",
            {"kbs-config.toml": TOML.replace("tls.key", "privateKey")},
            "etc/https-key/privateKey, but no",
        ),
        (
            "config",
            {"kbs-config.toml": TOML.replace("authorization_mode", "type")},
            "admin.authorization_mode must",
        ),
        ("resource", {"policy.rego": "package policy"}, "resource has no key resource-policy.rego"),
        (
            "attestation",
            {"default_cpu.rego": "package other"},
            "default_cpu.rego does not declare package policy",
        ),
        ("values", {"reference-values.json": "[]"}, "values has no key reference_value"),
        ("values", {"reference_value": "[]"}, "not an object of name -> base64"),
    ],
)
def test_a_document_that_the_kbs_cannot_start_from_is_named(
    api: Api, name: str, data: dict[str, str], answer: str
) -> None:
    with pytest.raises(Incomplete, match=answer):
        trustee(api, maps={name: data})


def pods(api: Api) -> set[str]:
    found = api.cluster.objects.all(kinds.POD, TRUSTEE)
    return {pod["metadata"]["name"] for pod in found if pod["metadata"]["labels"] == {"app": "kbs"}}


def test_pods_roll_when_a_mounted_config_map_changes_and_not_for_a_secret(api: Api) -> None:
    trustee(api)
    before = pods(api)
    api.change(SECRET, "kbsres1", TRUSTEE, stringData={"key1": "rotated"})
    assert pods(api) == before
    roll(api)
    assert len(pods(api)) == 1
    assert pods(api).isdisjoint(before)


def roll(api: Api, toml: str = f"# roll\n{TOML}") -> None:
    api.change(CONFIG_MAP, "config", TRUSTEE, data={"kbs-config.toml": toml}, annotations=MIGRATED)


def test_an_operator_of_1_1_rolls_nothing_by_itself(api: Api) -> None:
    """It stamps no versions on the template, and a mounted file never changes in a pod that runs."""
    maps = {
        "config": {"kbs-config.toml": TOML.replace("authorization_mode", "type")},
        "resource": {"policy.rego": "package policy"},
        "values": {"reference-values.json": "[]"},
    }
    trustee(api, "trustee-operator.v1.1.0", maps=maps)
    before = pods(api)
    roll(api, f"# roll\n{maps['config']['kbs-config.toml']}")
    assert pods(api) == before
    api.change(
        KBS_CONFIG, "kbs", TRUSTEE, spec={**SPEC, "KbsEnvVars": {"COCO_RENDERED": "two"}}, annotations=READY
    )
    assert pods(api).isdisjoint(before)


def test_what_is_missing_later_changes_no_status(api: Api) -> None:
    trustee(api)
    live = api.change(
        KBS_CONFIG,
        "kbs",
        TRUSTEE,
        spec={**SPEC, "kbsSecretResources": ["kbsres1", "nope"]},
        annotations=READY,
    )
    assert live["status"]["isReady"] is True
    (event,) = (
        each
        for each in api.cluster.objects.all(kinds.EVENT, TRUSTEE)
        if each["reason"] == "DeploymentUpdateFailed"
    )
    assert event["message"] == 'Secret "nope" not found'


RIGHTS = (
    {
        "apiGroups": ["apps"],
        "resources": ["deployments"],
        "resourceNames": ["trustee-deployment"],
        "verbs": ["get"],
    },
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
)


def marked(mark: str, **spec: Any) -> dict[str, Any]:
    return {**SPEC, "KbsEnvVars": {"COCO_RENDERED": mark}, **spec}


def test_pods_that_run_what_was_rendered_end_the_wait(api: Api) -> None:
    trustee(api, KbsEnvVars={"COCO_RENDERED": "one"})
    api.may(TRUSTEE, *RIGHTS)
    assert condition(api.script("await", TRUSTEE, RENDERED="one"), "Complete") == "True"


def test_pods_that_do_not_run_what_was_rendered_keep_it_waiting_and_it_says_why(api: Api) -> None:
    trustee(api, KbsEnvVars={"COCO_RENDERED": "one"})
    api.may(TRUSTEE, *RIGHTS)
    api.change(KBS_CONFIG, "kbs", TRUSTEE, spec=marked("two", kbsSecretResources=["nope"]), annotations=READY)
    with pytest.raises(Incomplete, match=r'do not run what this update made.*Secret "nope" not found'):
        api.script("await", TRUSTEE, RENDERED="two")


def test_a_kbs_config_is_deleted_in_the_background_or_never(api: Api) -> None:
    """In the foreground its Deployment goes first, which the operator then looks for in vain."""
    trustee(api)
    api.delete(KBS_CONFIG, "kbs", TRUSTEE)
    assert not api.cluster.objects.all(kinds.KBS_CONFIG)
    assert api.cluster.objects.get(kinds.DEPLOYMENT, "trustee-deployment", TRUSTEE) is None
    api.put(KBS_CONFIG, "kbs", TRUSTEE, spec=SPEC, annotations=READY)
    with pytest.raises(Refused, match=r'its finalizer .* holds it: .*"trustee-deployment" not found'):
        api.delete(KBS_CONFIG, "kbs", TRUSTEE, policy="foreground")
