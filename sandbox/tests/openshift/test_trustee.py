import base64
import json
from typing import Any

import pytest

from sandbox.openshift import kinds
from sandbox.openshift.objects import Manifest
from sandbox.provider import Incomplete
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
    api: Api, *, annotations: dict[str, str] | None = None, maps: dict[str, Any] | None = None, **spec: Any
) -> Manifest:
    """Everything a KbsConfig names, then the KbsConfig, waited for."""
    api.install(TRUSTEE)
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
    with pytest.raises(Incomplete, match="kbsConfigMapName: ConfigMap config not found"):
        trustee(api, annotations={})
    names = {item["metadata"]["name"] for item in api.cluster.objects.all(kinds.CONFIG_MAP, TRUSTEE)}
    assert names == {"values", "config.v1.1", "resource.v1.1", "attestation.v1.1"}


@pytest.mark.parametrize(
    ("spec", "answer"),
    [
        ({"kbsAuthSecretName": ""}, "kbsAuthSecretName is empty"),
        ({"kbsAuthSecretName": "nope"}, "kbsAuthSecretName: Secret nope not found"),
        ({"kbsSecretResources": ["kbsres1", "nope"]}, "kbsSecretResources: Secret nope not found"),
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


def test_pods_roll_when_a_mounted_config_map_changes_and_not_for_a_secret(api: Api) -> None:
    trustee(api)

    def pods() -> set[str]:
        found = api.cluster.objects.all(kinds.POD, TRUSTEE)
        return {pod["metadata"]["name"] for pod in found if pod["metadata"]["labels"] == {"app": "kbs"}}

    before = pods()
    api.change(SECRET, "kbsres1", TRUSTEE, stringData={"key1": "rotated"})
    assert pods() == before
    api.change(
        CONFIG_MAP, "config", TRUSTEE, data={"kbs-config.toml": f"# roll\n{TOML}"}, annotations=MIGRATED
    )
    assert len(pods()) == 1
    assert pods().isdisjoint(before)
