import base64
import json
import tomllib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.trustee import documents
from model.trustee.documents import UnknownTrusteeVersion

VERSIONS = ("1.0", "1.1", "1.2")
EXPIRES = datetime(2027, 6, 30, tzinfo=UTC)
VALUES = {
    "snp_pcr08": ["88" * 32, "99" * 32],
    "snp_pcr03": ["03" * 32],
    "measurement": [base64.b64encode(bytes(range(206, 254))).decode()],
}

names = st.from_regex(r"[a-z]{1,8}_[a-z0-9]{1,8}", fullmatch=True)
values = st.dictionaries(names, st.lists(st.from_regex(r"[A-Za-z0-9+/=]{1,64}", fullmatch=True), min_size=1))


def config(version: str, **changes):
    arguments = {
        "token_minutes": 7,
        **changes,
    }
    return documents.kbs_config(documents.layout(version), **arguments)


def read_as_trustee_does(version: str, text: str) -> dict[str, dict[str, object]]:
    """RVPS' storage: a list up to 1.1 (rvps/src/storage/local_json), later an object of URL-safe base64 (key-value-storage)."""
    if version != "1.2":
        return {entry["name"]: entry for entry in json.loads(text)}
    return {
        name: json.loads(base64.b64decode(value, altchars=b"-_", validate=True))
        for name, value in json.loads(text).items()
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_documents_are_what_reviewers_saw(version, snapshot):
    layout = documents.layout(version)
    assert config(version) == snapshot(name="kbs-config")
    assert documents.reference_values(layout, VALUES, EXPIRES) == snapshot(name="reference-values")
    assert documents.qcnl(layout) == snapshot(name="qcnl")


@pytest.mark.parametrize("version", VERSIONS)
def test_nobody_administers_the_kbs_over_its_api_without_a_key(version):
    admin = tomllib.loads(config(version))["admin"]
    assert (
        admin
        == {
            "1.0": {"insecure_api": False, "auth_public_key": "/etc/auth-secret/publicKey"},
            "1.1": {"type": "DenyAll"},
            "1.2": {"authorization_mode": "DenyAll"},
        }[version]
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_the_kbs_serves_tls_and_trusts_only_its_own_tokens(version):
    kbs = tomllib.loads(config(version))
    assert kbs["http_server"]["insecure_http"] is False
    assert kbs["http_server"]["private_key"] == "/etc/https-key/tls.key"
    assert kbs["http_server"]["certificate"] == "/etc/https-cert/tls.crt"
    token = kbs["attestation_token"]
    assert token["trusted_certs_paths"] == ["/etc/attestation-cert/tls.crt"]
    assert token["insecure_header_jwk" if version == "1.2" else "insecure_key"] is False
    signer = kbs["attestation_service"]["attestation_token_broker"]["signer"]
    assert signer == {
        "key_path": "/etc/attestation-key/tls.key",
        "cert_path": "/etc/attestation-cert/tls.crt",
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_the_life_of_a_token_is_set_where_the_attestation_service_reads_it(version):
    service = tomllib.loads(config(version))["attestation_service"]
    assert service["attestation_token_broker"]["duration_min"] == 7
    assert "attestation_token_config" not in service


@pytest.mark.parametrize("version", VERSIONS)
def test_reference_values_are_read_where_their_config_map_is_mounted(version):
    kbs = tomllib.loads(config(version))
    rvps, key = kbs["attestation_service"]["rvps_config"], documents.layout(version).reference_values_key
    if version == "1.2":
        assert rvps == {"type": "BuiltIn", "storage_type": "LocalJson"}
        local = kbs["storage_backend"]["backends"]["local_json"]
        assert local == {"file_dir_path": "/opt/confidential-containers/storage/local_json"}
        assert (
            key == "reference_value"
        )  # the storage's own name for it: it opens <file_dir_path>/reference_value
    else:
        assert rvps["storage"]["file_path"].endswith(f"/{key}")


@pytest.mark.parametrize("version", VERSIONS)
def test_tdx_collateral_comes_from_azures_cache(version):
    layout = documents.layout(version)
    if version == "1.2":
        verifiers = tomllib.loads(config(version))["attestation_service"]["verifier_config"]
        assert verifiers["dcap_verifier"] == {"collateral_service": documents.AZURE_COLLATERAL_SERVICE}
        assert (layout.qcnl_key, documents.qcnl(layout)) == (None, None)
    else:
        assert layout.qcnl_key == "sgx_default_qcnl.conf"
        assert json.loads(documents.qcnl(layout) or "") == {
            "collateral_service": documents.AZURE_COLLATERAL_SERVICE
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_keys_and_claim_roots_follow_the_version(version):
    layout = documents.layout(version)
    assert layout.kbs_config_key == "kbs-config.toml"
    assert layout.attestation_policy_key == "default_cpu.rego"
    assert layout.resource_policy_key == ("resource-policy.rego" if version == "1.2" else "policy.rego")
    assert layout.claim_root("az-snp-vtpm") == ("azsnpvtpm" if version == "1.0" else "az-snp-vtpm")
    assert layout.claim_root("az-tdx-vtpm") == ("aztdxvtpm" if version == "1.0" else "az-tdx-vtpm")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_migration_mark_is_there_before_operator_1_2_looks_for_it(version):
    mark = {"kbs.confidentialcontainers.org/migrated-from-v1.1.0": "v1.2.0"}
    assert documents.layout(version).migrated_annotation == mark


@pytest.mark.parametrize("version", ["0.4", "1.3", "1", "", "latest", "11.2", "1.2.1"])
def test_an_unknown_version_has_no_documents(version):
    with pytest.raises(UnknownTrusteeVersion, match=r"known are 1\.0, 1\.1, 1\.2"):
        documents.layout(version)


@settings(deadline=None)
@given(values=values)
def test_every_version_reads_the_values_back_by_name(values):
    for version in VERSIONS:
        text = documents.reference_values(documents.layout(version), values, EXPIRES)
        assert {name: entry["value"] for name, entry in read_as_trustee_does(version, text).items()} == values
        assert text == documents.reference_values(
            documents.layout(version), dict(reversed(values.items())), EXPIRES
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_expirations_are_in_utc_without_fractions(version):
    cet = datetime(2027, 6, 30, 1, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))
    entries = read_as_trustee_does(
        version, documents.reference_values(documents.layout(version), VALUES, cet)
    )
    assert {entry["expiration"] for entry in entries.values()} == {"2027-06-29T23:00:00Z"}
    with pytest.raises(ValueError, match="no time zone"):
        documents.reference_values(documents.layout(version), VALUES, datetime(2027, 6, 30))


def test_the_two_base64_alphabets_agree_on_our_values():
    text = documents.reference_values(documents.layout("1.2"), VALUES, EXPIRES)
    assert "+" in VALUES["measurement"][0] or "/" in VALUES["measurement"][0]
    assert not set("-_+/") & set("".join(json.loads(text).values()))
