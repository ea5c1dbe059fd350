"""Recorded evidence of Azure's hardware, judged by the real attestation service under the policy and the reference values that
the program renders. It checks the signatures up to AMD's root, and evaluates the policy in its own engine (regorus).
"""

import base64
import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from model.attestation import attestation_policy, platform_values, reference_values, registers
from model.attestation.platform_values import SNP, TDX, TcbMinimum
from model.attestation.reference_values import Pcrs, Provenance, ReferenceValues
from model.paths import ResourcePath
from model.policy import resource_policy
from model.policy.resource_policy import Release
from model.trustee import documents
from model.versions import Version
from sandbox.tests.integration.guests import GOOD, claims_of, needs
from tests.model.attestation.test_attestation_policy import MINIMA, PCRS, RECORDED, ROOT, SNP_CLAIMS
from tests.rego import released

pytestmark = [
    pytest.mark.integration,
    needs("restful-as"),
    pytest.mark.skipif(not RECORDED.is_dir(), reason=f"there is no recorded hardware evidence in {RECORDED}"),
]
LAYOUT = documents.layout("1.2")
HOSTS = ("milan", "genoa")
# What each recorded quote was asked to sign, in hex: runtime data, as published with the evidence.
RUNTIME_DATA = {
    "milan": "982f5c6e45df0ed3f10b6f60b02f0c8390e281300f3805e2279c16168cd6ae9aa398f647caa2338748cd0fd9f5f819ef",
    "genoa": "0218488bae25d2509232bf676f1a66a30d7372add909109b36016ef136f2938ca05475f8b46094de6b64270ea35d950f",
}
# The guest on Milan measured no initdata, which a policy refuses whatever is registered.
VERDICT = {"milan": {**GOOD, "executables": 33}, "genoa": GOOD}
UNKNOWN = {"executables": 33, "hardware": 97, "configuration": 36}
WRONG = {"measurement": base64.b64encode(b"w" * 48).decode(), **{f"snp_{pcr}": "ff" * 32 for pcr in PCRS}}


def claims(host: str) -> dict[str, Any]:
    return json.loads((RECORDED / f"{host}.claims.json").read_text())


def recorded(host: str) -> Mapping[str, Any]:
    return claims(host)[SNP]


def accepting(hosts: Sequence[str]) -> dict[str, list[str]]:
    """The reference values of a hub that accepts exactly what these hosts showed, by name."""
    sets = [
        ReferenceValues(
            osc_version=Version("0.0.0"),
            provenance=Provenance(tool="recorded", image="none", obtained=date(2026, 8, 1)),
            expires=datetime(2030, 1, 1, tzinfo=UTC),
            pcrs=Pcrs(**{pcr: (host["tpm"][pcr],) for pcr in PCRS if pcr != "pcr08"}),
        )
        for host in map(recorded, hosts)
    ]
    shown = {name: [recorded(host)[claim] for host in hosts] for name, claim in SNP_CLAIMS.items()}
    pcr8 = {host: [recorded(host)["tpm"]["pcr08"]] for host in hosts}
    return reference_values.merge(sets, pcr8, [SNP], shown)


@dataclass(frozen=True)
class VerifierService:
    root: Path
    address: str

    def judge(
        self,
        host: str,
        registered: Mapping[str, Sequence[str]],
        *,
        tees: Sequence[str] = (SNP,),
        minima: Sequence[TcbMinimum] = (),
        hardware: Sequence[str] = tuple(SNP_CLAIMS),
    ) -> dict[str, Any]:
        """The token (its claims) for recorded evidence; every value of `hardware` must match."""
        policy = attestation_policy.render(
            LAYOUT, tees=tees, boot_loaders=True, hardware=hardware, tcb_minimum=minima
        )
        (self.root / "attestation_service_policy" / LAYOUT.attestation_policy_key).write_text(policy)
        (self.root / "local_json" / LAYOUT.reference_values_key).write_text(
            documents.reference_values(LAYOUT, registered, datetime(2030, 1, 1, tzinfo=UTC))
        )
        request = {
            "tee": SNP,
            "evidence": _base64url((RECORDED / f"{host}.json").read_bytes()),
            "runtime_data": {"raw": _base64url(bytes.fromhex(RUNTIME_DATA[host]))},
        }
        return claims_of(self._post({"verification_requests": [request], "policy_ids": ["default"]}))

    def vector(self, host: str, registered: Mapping[str, Sequence[str]], **options: Any) -> dict[str, int]:
        """The trust claims of the policy, checked against the verdict on the whole."""
        judged = self.judge(host, registered, **options)["submods"]["cpu0"]
        vector = {name: judged["ear.trustworthiness-vector"][name] for name in GOOD}
        assert (judged["ear.status"] == "affirming") == (vector == GOOD), judged
        return vector

    def _post(self, body: object) -> str:
        connection = http.client.HTTPConnection(self.address, timeout=60)
        with closing(connection):
            connection.request("POST", "/attestation", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        assert response.status == 200, text
        return text


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifierService]:
    root = tmp_path_factory.mktemp("attestation-service")
    for name in ("attestation_service_policy", "local_json"):
        (root / name).mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    (root / "token.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    settings = {
        "storage_backend": {
            "storage_type": "LocalFs",
            "backends": {
                "local_fs": {"dir_path": str(root)},
                "local_json": {"file_dir_path": str(root / "local_json")},
            },
        },
        "rvps_config": {"type": "BuiltIn", "storage_type": "LocalJson"},
        "attestation_token_broker": {"signer": {"key_path": str(root / "token.key")}},
    }
    (root / "config.json").write_text(json.dumps(settings))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = ["restful-as", "-s", address, "-c", str(root / "config.json")]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        _await(process, address, root / "log")
        yield VerifierService(root, address)
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(root)


def _await(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    host, port = address.split(":")
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection((host, int(port))).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("restful-as does not listen")


@pytest.mark.parametrize("host", HOSTS)
def test_recorded_hardware_is_affirmed_when_both_generations_are_accepted(
    service: VerifierService, host: str
) -> None:
    assert service.vector(host, accepting(HOSTS)) == VERDICT[host]
    assert service.vector(host, accepting(HOSTS), tees=(SNP, TDX), minima=MINIMA) == VERDICT[host]


@pytest.mark.parametrize("host", HOSTS)
def test_the_committed_platform_values_are_those_of_the_recorded_hardware(
    service: VerifierService, host: str
) -> None:
    committed = platform_values.read((ROOT / "platform-values/azure.yaml").read_text("utf-8"))
    for generation in HOSTS:
        accepted = committed.accepted([SNP], [generation])
        registered = accepting(HOSTS) | {name: list(values) for name, values in accepted.values.items()}
        options = {"hardware": sorted(accepted.values), "minima": accepted.tcb_minimum}
        expected = VERDICT[host] if generation == host else {**VERDICT[host], "hardware": 97}
        assert service.vector(host, registered, **options) == expected


def test_a_guest_without_initdata_is_refused_though_its_zeros_are_registered(
    service: VerifierService,
) -> None:
    assert accepting(["milan"])["snp_pcr08"] == [registers.ZERO]
    assert service.vector("milan", accepting(["milan"])) == {**GOOD, "executables": 33}


@pytest.mark.parametrize("host", HOSTS)
def test_the_recorded_claims_are_what_the_verifier_reads_from_the_evidence(
    service: VerifierService, host: str
) -> None:
    cpu0 = service.judge(host, {})["submods"]["cpu0"]
    assert cpu0["ear.veraison.annotated-evidence"] == claims(host)


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_registered_affirms_nothing(service: VerifierService, host: str) -> None:
    assert service.vector(host, {}) == UNKNOWN


def test_a_genoa_host_is_nothing_where_only_milan_is_accepted(service: VerifierService) -> None:
    assert service.vector("genoa", accepting(["milan"])) == UNKNOWN


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", [*(f"snp_{pcr}" for pcr in PCRS), *SNP_CLAIMS])
def test_any_single_value_changed_is_not_affirmed(service: VerifierService, host: str, name: str) -> None:
    registered = accepting(HOSTS)
    assert name in registered
    vector = service.vector(host, {**registered, name: [WRONG.get(name, "other")]})
    expected = 0 if (host == "milan" and name.startswith("snp_")) else 1
    assert sum(vector[claim] != VERDICT[host][claim] for claim in GOOD) == expected
    without = service.vector(host, {other: values for other, values in registered.items() if other != name})
    assert without == vector


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("part", ["bootloader", "snp", "microcode"])
def test_firmware_below_the_minimum_of_its_generation_is_not_affirmed(
    service: VerifierService, host: str, part: str
) -> None:
    own, other = MINIMA if host == "milan" else MINIMA[::-1]
    raised = own.model_copy(update={part: getattr(own, part) + 1})
    unreachable = other.model_copy(update={"bootloader": 1000})
    assert service.vector(host, accepting(HOSTS), minima=[own, unreachable]) == VERDICT[host]
    refused = {**VERDICT[host], "hardware": 97}
    assert service.vector(host, accepting(HOSTS), minima=[raised, unreachable]) == refused


def test_a_release_to_the_measured_initdata_holds_for_the_claims_of_a_real_token(
    service: VerifierService,
) -> None:
    token = service.judge("genoa", accepting(HOSTS))
    pcr8 = recorded("genoa")["tpm"]["pcr08"]
    path = ("default", "kbsres1", "key1")

    def policy(accepted: str) -> str:
        return resource_policy.render([Release(path=ResourcePath(*path), pcr8=(accepted,))])

    assert released(policy(pcr8), path, token)
    assert not released(policy("ab" * 32), path, token)
    assert not released(policy(pcr8), ("default", "kbsres1", "key2"), token)
    assert not released(policy(pcr8), path, service.judge("milan", accepting(HOSTS)))
    assert not released(policy(pcr8), path, service.judge("genoa", accepting(["milan"])))
