"""The real KBS on what dev-hub renders, brought up in a sandbox of the test's own. Every refusal has a twin that is granted."""

import itertools
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.paths import served
from model.policy import resource_policy
from model.policy.resource_policy import Release
from sandbox.engine.workspace import Workspace
from sandbox.tests.integration.guests import (
    GOOD,
    HUB,
    attester,
    bearing,
    client_of,
    guest,
    needs,
    opened,
    signed,
    started,
    with_document,
)
from sandbox.trustee import mounts, router
from sandbox.trustee.client import KbsClient
from sandbox.trustee.process import Running
from sandbox.trustee.source import DeployedTrustee
from tests import certificates
from tests.model.attestation import evidence
from tests.model.attestation.test_attestation_policy import RECORDED
from tests.rego import token

pytestmark = [pytest.mark.integration, needs("kbs")]
KEY1, KEY2 = "default/kbsres1/key1", "default/kbsres1/key2"
AFFIRM_ALL = """\
package policy

import rego.v1

trust_claims := {"executables": 3, "hardware": 2, "configuration": 2}
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "kbs.log"


@pytest.fixture(scope="module")
def kbs(trustee: DeployedTrustee, log: Path) -> Iterator[Running]:
    """On exactly what the hub renders; no test changes it."""
    with started(trustee, log) as kbs:
        yield kbs


@pytest.fixture(scope="module")
def client(trustee: DeployedTrustee, kbs: Running) -> KbsClient:
    return client_of(trustee, kbs)


def test_it_runs_on_the_rendered_documents_and_changes_none(trustee: DeployedTrustee, kbs: Running) -> None:
    rendered = trustee.deployment.config_maps
    for path, name in (
        (mounts.RESOURCE_POLICY, "resource-policy"),
        (mounts.ATTESTATION_POLICY, "attestation-policy"),
        (mounts.REFERENCE_VALUES, "reference-values"),
    ):
        assert [kbs.path(path).read_text()] == list(rendered[name].values())
    assert {change.where.rpartition(".")[2] for change in kbs.changes} == {
        "sockets",
        "private_key",
        "certificate",
        "trusted_certs_paths",
        "key_path",
        "cert_path",
        "dir_path",
        "file_dir_path",
    }


def test_tls_verifies_with_the_authority_of_the_contract_and_with_no_other(client: KbsClient) -> None:
    assert client.resource(KEY1).status == 401
    for ca in (certificates.certificate(), None):
        with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed"):
            replace(client, ca=ca).resource(KEY1)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        replace(client, host="kbs.apps.other.example").resource(KEY1)


def test_no_token_is_refused(client: KbsClient) -> None:
    answer = client.resource(KEY1)
    assert (answer.status, answer.error) == (401, "TokenNotFound")


@pytest.mark.parametrize("path", ["resource-policy", "reference-value/snp_pcr08"])
def test_nobody_administers_it(client: KbsClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status, answer.error) == (401, "AdminAuthAccess")


def measured(outputs: dict[str, Any]) -> dict[str, str]:
    """PCR8 of the pods of dev-spoke, by profile and workload."""
    return {
        **{name: profile["pcr8"] for name, profile in outputs["profiles"].items()},
        **{name: made["accepted"]["dev-spoke"][0] for name, made in outputs["workloads"].items()},
    }


def test_each_profile_and_workload_reads_exactly_what_the_contract_says(
    workspace: Workspace, trustee: DeployedTrustee, client: KbsClient
) -> None:
    outputs = workspace.outputs(HUB)
    granted = set()
    readers = measured(outputs)
    for name, path in itertools.product(readers, outputs["resources"]):
        answer = bearing(client, guest(trustee, readers[name])).resource(path)
        if name in outputs["resources"][path]:
            secret, key = path.split("/")[1:]
            assert opened(answer) == trustee.deployment.secrets[secret][key]
            granted.add((name, path))
        else:
            assert (answer.status, answer.error) == (401, "PolicyDeny")
    assert ("kbs-access", KEY1) in granted
    assert ("hardened", KEY1) not in granted
    assert ("debug", KEY1) not in granted


@pytest.fixture
def reader(workspace: Workspace) -> str:
    """PCR8 of the workload that may read KEY1 and KEY2."""
    return measured(workspace.outputs(HUB))["kbs-access"]


@pytest.mark.parametrize(
    ("vector", "pcr8"),
    [
        *(
            ({**GOOD, claim: value}, None)
            for claim, value in (("executables", 33), ("hardware", 97), ("configuration", 36))
        ),
        (GOOD, "00" * 32),
        (GOOD, "ab" * 32),
        (GOOD, ""),
    ],
)
def test_a_token_that_does_not_affirm_or_measured_something_else_is_refused(
    trustee: DeployedTrustee, client: KbsClient, reader: str, vector: dict[str, int], pcr8: str | None
) -> None:
    answer = bearing(client, guest(trustee, reader if pcr8 is None else pcr8, vector)).resource(KEY1)
    assert (answer.status, answer.error) == (401, "PolicyDeny")


def test_a_token_that_another_key_signed_or_that_has_expired_is_refused(
    trustee: DeployedTrustee, client: KbsClient, reader: str
) -> None:
    other = {
        "tls.key": certificates.private_key().encode(),
        "tls.crt": certificates.certificate(ca=None).encode(),
    }
    forged = signed(token(GOOD, {**evidence.MILAN, "init_data": reader}), other)
    for bad in (forged, guest(trustee, reader, expires=-300)):
        answer = bearing(client, bad).resource(KEY1)
        assert (answer.status, answer.error) == (401, "TokenVerifierError")


@pytest.mark.skipif(not RECORDED.is_dir(), reason=f"there is no recorded hardware evidence in {RECORDED}")
def test_the_claims_of_real_hardware_get_what_their_measurement_is_released(
    trustee: DeployedTrustee, tmp_path: Path
) -> None:
    genoa, milan = (json.loads((RECORDED / f"{name}.claims.json").read_text()) for name in ("genoa", "milan"))
    releases = [Release(path=served("kbsres1", "key1"), pcr8=(genoa["init_data"],))]
    pair = trustee.deployment.secrets["kbs-attestation-token"]
    released = with_document(
        trustee, "resource-policy", "resource-policy.rego", resource_policy.render(releases)
    )
    with started(released, tmp_path / "log") as kbs:
        client = client_of(trustee, kbs)
        bearer = bearing(client, signed(token(GOOD, genoa), pair))
        assert opened(bearer.resource(KEY1)) == trustee.deployment.secrets["kbsres1"]["key1"]
        assert bearer.resource(KEY2).error == "PolicyDeny"
        assert bearing(client, signed(token(GOOD, milan), pair)).resource(KEY1).error == "PolicyDeny"


@needs("trustee-attester")
@pytest.mark.parametrize("path", [KEY1, KEY2])
def test_evidence_of_no_tee_is_refused_by_our_policy(
    trustee: DeployedTrustee, kbs: Running, log: Path, path: str
) -> None:
    before = log.stat().st_size
    with router.serving(trustee.host, kbs.port) as proxy:
        assert attester(trustee.url, proxy, kbs.ca_file, path) is None
    said = log.read_bytes()[before:].decode()
    assert "Verifier/endorsement check passed" in said, "the evidence was judged, not merely malformed"
    assert "PolicyDeny" in said


@needs("trustee-attester")
def test_with_the_release_condition_opened_exactly_that_resource_is_let_out(
    trustee: DeployedTrustee, tmp_path: Path
) -> None:
    rendered = trustee.deployment.config_maps["resource-policy"]["resource-policy.rego"]
    rule = f"\nallow if asks({json.dumps(KEY1.split('/'))}, null)\n"
    opened_for_one = with_document(trustee, "resource-policy", "resource-policy.rego", rendered + rule)
    with started(opened_for_one, tmp_path / "log") as kbs, router.serving(trustee.host, kbs.port) as proxy:
        served = trustee.deployment.secrets["kbsres1"]
        assert attester(trustee.url, proxy, kbs.ca_file, KEY1) == served["key1"]
        assert attester(trustee.url, proxy, kbs.ca_file, KEY2) is None


@needs("trustee-attester")
def test_even_affirmed_evidence_is_refused_where_the_measurement_is_not_a_profile_s(
    workspace: Workspace, trustee: DeployedTrustee, tmp_path: Path
) -> None:
    """A sample attester claims whatever it likes, but in base64, while a release names PCR8 in hex."""
    affirming = with_document(trustee, "attestation-policy", "default_cpu.rego", AFFIRM_ALL)
    toml = workspace.outputs(HUB)["profiles"]["hardened"]["toml"]
    with started(affirming, tmp_path / "log") as kbs, router.serving(trustee.host, kbs.port) as proxy:
        assert attester(trustee.url, proxy, kbs.ca_file, KEY1, toml) is None
        assert "PolicyDeny" in (tmp_path / "log").read_text()
        policy = kbs.path(mounts.RESOURCE_POLICY)
        # The twin: without the measurement the same evidence is enough.
        policy.write_text(
            "\n".join(
                (
                    policy.read_text().partition("# kbs:///")[0],
                    f"allow if {{\n\tattested\n\tasks({json.dumps(KEY1.split('/'))}, null)\n}}",
                )
            )
        )
        assert (
            attester(trustee.url, proxy, kbs.ca_file, KEY1, toml)
            == trustee.deployment.secrets["kbsres1"]["key1"]
        )
        assert attester(trustee.url, proxy, kbs.ca_file, KEY2, toml) is None
