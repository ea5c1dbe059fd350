"""Where the documents go and what is changed in them; no KBS is run."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from model.trustee import documents
from sandbox.trustee.mounts import CONFIG, MountError, TrusteeDeployment, files
from sandbox.trustee.relocation import port, relocated, write

LAYOUT = documents.layout("1.2")
TOML = documents.kbs_config(LAYOUT, token_minutes=5)
PAIR = {"tls.key": b"key", "tls.crt": b"certificate"}
SPEC: dict[str, Any] = {
    "kbsConfigMapName": "config",
    "kbsResourcePolicyConfigMapName": "resource",
    "kbsAttestationPolicyConfigMapName": "attestation",
    "kbsRvpsRefValuesConfigMapName": "values",
    "kbsAuthSecretName": "auth",
    "kbsHttpsKeySecretName": "https",
    "kbsHttpsCertSecretName": "https",
    "kbsAttestationKeySecretName": "token",
    "kbsAttestationCertSecretName": "token",
    "kbsSecretResources": ["kbsres1"],
}
MAPS = {
    "config": {"kbs-config.toml": TOML},
    "resource": {LAYOUT.resource_policy_key: "resource policy"},
    "attestation": {LAYOUT.attestation_policy_key: "attestation policy"},
    "values": {LAYOUT.reference_values_key: "reference values"},
}
SECRETS = {
    "auth": {"publicKey": b"public"},
    "https": PAIR,
    "token": PAIR,
    "kbsres1": {"key1": b"one", ".dockerconfigjson": b"hidden"},
    "unnamed": {"key": b"not served"},
}
STORAGE = "/opt/confidential-containers/storage"


def deployment(maps: dict[str, Any] | None = None, **spec: Any) -> TrusteeDeployment:
    return TrusteeDeployment(spec={**SPEC, **spec}, config_maps={**MAPS, **(maps or {})}, secrets=SECRETS)


def config(toml: str) -> dict[str, bytes]:
    return {CONFIG: toml.encode()}


def test_the_layout_is_that_of_the_operator() -> None:
    assert files(deployment()) == {
        "/etc/kbs-config/kbs-config.toml": TOML.encode(),
        "/etc/auth-secret/publicKey": b"public",
        **{
            f"/etc/{what}-{half}/{name}": content
            for what in ("https", "attestation")
            for half in ("key", "cert")
            for name, content in PAIR.items()
        },
        f"{STORAGE}/kbs/resource-policy.rego": b"resource policy",
        f"{STORAGE}/attestation_service_policy/default_cpu.rego": b"attestation policy",
        f"{STORAGE}/local_json/reference_value": b"reference values",
        f"{STORAGE}/repository/default\\x2Fkbsres1\\x2Fkey1": b"one",
    }


def test_half_a_pair_is_not_mounted() -> None:
    assert not [path for path in files(deployment(kbsHttpsKeySecretName=None)) if "https" in path]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kbsConfigMapName": "nope"}, "kbsConfigMapName: there is no ConfigMap nope"),
        ({"kbsAuthSecretName": None}, r"kbsAuthSecretName: there is no Secret \(none named\)"),
        ({"kbsSecretResources": ["gone"]}, "kbsSecretResources: there is no Secret gone"),
        (
            {"maps": {"resource": {"policy.rego": "1.1"}}},
            "resource has no key resource-policy.rego but policy.rego, and Trustee 1.2 mounts that key",
        ),
    ],
)
def test_what_is_named_must_be_there(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MountError, match=sentence):
        files(deployment(**changes))


def test_only_prefixes_and_the_address_change() -> None:
    moved, changes = relocated(config(TOML), Path("/here"), "127.0.0.1:8443")
    text = moved[CONFIG].decode()
    assert tomllib.loads(text)["http_server"]["sockets"] == ["127.0.0.1:8443"]
    back = text.replace('"/here/', '"/').replace("127.0.0.1:8443", "0.0.0.0:8080")
    assert back == TOML
    assert {(before, after) for _, before, after in changes} == {
        ("0.0.0.0:8080", "127.0.0.1:8443"),
        *(
            (path, f"/here{path}")
            for path in (
                "/etc/https-key/tls.key",
                "/etc/https-cert/tls.crt",
                "/etc/attestation-key/tls.key",
                "/etc/attestation-cert/tls.crt",
                STORAGE,
                f"{STORAGE}/local_json",
            )
        ),
    }


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[http_server", "kbs-config.toml is not TOML"),
        ("[http_server]\nworker_count = 4\n", "no http_server.sockets"),
        (
            "[http_server]\nsockets = ['0.0.0.0:8080']\n",
            "writes a path or an address in another way .* http_server.sockets",
        ),
        (
            '[http_server]\nsockets = ["0.0.0.0:8080"]\nother = "0.0.0.0:8080"\n',
            "writes a path or an address in another way",
        ),
    ],
)
def test_a_configuration_that_cannot_be_moved_faithfully_is_refused(toml: str, sentence: str) -> None:
    with pytest.raises(MountError, match=sentence):
        relocated(config(toml), Path("/here"), "127.0.0.1:8443")


def test_the_port_is_that_of_the_configuration() -> None:
    assert port(config(TOML)) == 8080
    for toml in ("", '[http_server]\nsockets = ["somewhere"]\n'):
        with pytest.raises(MountError, match=r"no http_server\.sockets with a port"):
            port(config(toml))


def test_files_are_their_owner_s_and_stay_below_the_root(tmp_path: Path) -> None:
    write({"/etc/https-key/tls.key": b"key"}, tmp_path)
    written = tmp_path / "etc/https-key/tls.key"
    assert written.read_bytes() == b"key"
    assert written.stat().st_mode & 0o777 == 0o600
    with pytest.raises(MountError, match=r"/etc/\.\./\.\./x is no place"):
        write({"/etc/../../x": b""}, tmp_path)
