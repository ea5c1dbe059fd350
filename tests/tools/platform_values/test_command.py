"""`make platform-values`: what it takes, in every form that evidence has, and that it takes nothing of evidence with anything wrong."""

import base64
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from model.attestation import platform_values
from model.attestation.platform_values import SnpGeneration, TdxGeneration
from tests.config.committed import ROOT
from tests.tools.platform_values import made
from tests.tools.platform_values.made import Snp, Td, snp_evidence, tdx_evidence
from tools.platform_values import __main__ as command

RECORDED = ROOT.parent / "shared/evidence/az-snp-vtpm"
HEAD = "# Reviewed values\n#\n# maxAgeDays: is explained here\nmaxAgeDays: 90\n"
EMPTY = f"{HEAD}idKeyDigests: ['{made.KEY.hex()}']\ngenerations: {{}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "azure.yaml"
    path.write_text(EMPTY, "utf-8")
    return path


def run(file: Path, *evidence: object, arguments: tuple[str, ...] = (), fetched: bytes | None = None) -> int:
    paths: list[str] = []
    for number, one in enumerate(evidence):
        path = file.with_name(f"evidence-{number}.json")
        path.write_bytes(one if isinstance(one, bytes) else json.dumps(one).encode())
        paths.append(str(path))
    return command.main([*paths, *arguments], file=file, vendors=lambda: made.vendors(fetched))


def values(file: Path) -> platform_values.PlatformValues:
    return platform_values.read(file.read_text("utf-8"))


def test_a_paravisor_is_taken_with_its_firmware_day_and_source(file: Path) -> None:
    assert run(file, snp_evidence(), arguments=("--seen", "2026-11-20", "--source", "vm-1")) == 0
    milan = values(file).generations["milan"]
    assert isinstance(milan, SnpGeneration)
    assert milan.tcb_minimum.model_dump() == made.TCB
    assert milan.minimum_guest_svn == 12
    [one] = milan.paravisors
    assert (one.measurement, one.guest_svn) == (base64.b64encode(b"m" * 48).decode(), 12)
    assert (one.seen, one.source, one.id_key_digest) == (date(2026, 11, 20), "vm-1", made.KEY.hex())
    assert file.read_text("utf-8").startswith(HEAD)


def test_a_td_is_taken_with_its_generation(file: Path) -> None:
    assert run(file, tdx_evidence()) == 0
    found = values(file).generations["sapphire-rapids"]
    assert isinstance(found, TdxGeneration)
    assert found.paravisors[0].mr_td == "02" * 48
    assert found.paravisors[0].source == "evidence-0.json"


def test_a_new_wave_comes_first_and_the_old_one_stays(file: Path) -> None:
    assert run(file, snp_evidence(), arguments=("--seen", "2026-11-01")) == 0
    assert (
        run(file, snp_evidence(Snp(measurement=b"n" * 48, guest_svn=13)), arguments=("--seen", "2026-11-20"))
        == 0
    )
    milan = values(file).generations["milan"]
    assert [one.root[:2] for one in milan.paravisors] == ["bm", "bW"]


def test_what_is_there_already_is_seen_again_and_never_earlier(file: Path) -> None:
    assert run(file, snp_evidence(), arguments=("--seen", "2026-11-01")) == 0
    assert run(file, snp_evidence(), arguments=("--seen", "2026-11-20")) == 0
    before = file.read_text("utf-8")
    assert run(file, snp_evidence(), arguments=("--seen", "2026-11-02")) == 0
    assert file.read_text("utf-8") == before
    assert [str(one.seen) for one in values(file).generations["milan"].paravisors] == ["2026-11-20"]


# Forms of evidence


def lists(evidence: dict[str, Any]) -> dict[str, Any]:
    """Version 0: bytes are lists of numbers and the certificate is PEM."""
    quote = {key: list(bytes.fromhex(value)) for key, value in evidence["tpm_quote"].items()}
    report = list(base64.urlsafe_b64decode(evidence["hcl_report"]))
    return {"quote": quote, "report": report, "vcek": made.vcek().public_bytes(Encoding.PEM).decode()}


def log(evidence: dict[str, Any]) -> bytes:
    """As the KBS prints it with RUST_LOG=debug (kbs/src/attestation/backend.rs)."""
    attestation = {
        "init-data": None,
        "runtime-data": {"nonce": "x{"},
        "tee-evidence": {"primary_evidence": evidence},
    }
    return (
        f"[INFO] {{ not JSON\n[DEBUG kbs] Attestation: {json.dumps(attestation)}\n[INFO] done {{}}\n".encode()
    )


@pytest.mark.parametrize(
    "form",
    [lists, log, lambda one: {"tee-evidence": json.dumps(one)}, lambda one: {**one, "version": 2}],
    ids=["version 0", "log of the KBS", "text in JSON", "version 2"],
)
def test_evidence_is_found_in_each_form_that_it_has(file: Path, form: Any) -> None:
    assert run(file, form(snp_evidence())) == 0
    assert list(values(file).generations) == ["milan"]


def test_a_reference_machines_nv_index_goes_with_the_metadata_services_certificate(file: Path) -> None:
    data = made.runtime()
    answer = {
        "vcekCert": made.vcek().public_bytes(Encoding.PEM).decode(),
        "certificateChain": "-",
        "tcbm": "DB18",
    }
    assert run(file, made.hcl(Snp().report(data), data), answer) == 0
    assert list(values(file).generations) == ["milan"]


def test_a_reference_td_goes_with_the_metadata_services_quote(file: Path) -> None:
    data = made.runtime()
    assert run(file, made.hcl(b"", data, kind=4), {"quote": made.b64(Td().quote(data))}) == 0
    assert list(values(file).generations) == ["sapphire-rapids"]


def test_amds_service_is_asked_where_the_evidence_has_no_certificate(file: Path, capsys: Any) -> None:
    data = made.runtime()
    alone = made.hcl(Snp().report(data), data)
    assert run(file, alone) == 1
    assert "https://kdsintf.amd.com/vcek/v1/Milan/" in capsys.readouterr().err
    assert run(file, alone, fetched=made.vcek().public_bytes(Encoding.DER)) == 0


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (b"nothing", "holds no evidence"),
        (b"\xff\xfe", "neither HCL data nor text"),
        (b"{}", "holds no evidence"),
        (b"HCLA", "no HCL data"),
        ({"hcl_report": "AAAA", "vcek": "", "tpm_quote": {}}, "no HCL data"),
        ({"hcl_report": 5}, "another form"),
        ({"vcekCert": "-----BEGIN CERTIFICATE-----\nx"}, "cannot be read"),
        ({"quote": "AAAA"}, "no HCL data that it belongs to"),
    ],
)
def test_what_is_no_evidence_is_refused_with_a_sentence(
    file: Path, capsys: Any, evidence: object, sentence: str
) -> None:
    assert run(file, evidence) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert "azure.yaml was not written" in said
    assert file.read_text("utf-8") == EMPTY


def test_a_file_that_is_not_there_is_named(file: Path, capsys: Any) -> None:
    assert command.main(["nowhere.json"], file=file, vendors=made.vendors) == 1
    assert "nowhere.json cannot be read: No such file" in capsys.readouterr().err


# What is wrong with evidence


OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_384, OTHER_256 = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
WRONG_SNP: dict[str, tuple[Any, str]] = {
    "software at another level than the paravisor": (lambda: snp_evidence(Snp(vmpl=2)), "is of VMPL 2"),
    "a paravisor that Microsoft did not sign": (lambda: snp_evidence(Snp(id_key_digest=b"x" * 48)), "not among idKeyDigests"),
    "a guest that its host may debug": (lambda: snp_evidence(Snp(policy=0xB001F)), "debugged or migrated"),
    "a guest that a migration agent may move": (lambda: snp_evidence(Snp(policy=0x7001F)), "debugged or migrated"),
    "another key than the VCEK": (lambda: snp_evidence(Snp(key_info=0b100)), "not signed by the VCEK"),
    "a masked chip key": (lambda: snp_evidence(Snp(key_info=0b10)), "key of the chip is masked"),
    "a report that nobody signed": (lambda: snp_evidence(signer=OTHER_384), "not the VCEK's"),
    "a certificate that AMD did not sign": (lambda: snp_evidence(certificate=made.vcek(issuer_key=OTHER)), "signed by none of AMD's keys"),
    "a certificate that has ended": (lambda: snp_evidence(certificate=made.vcek(days=-10)), "is not valid at"),
    "a certificate of another chip": (lambda: snp_evidence(certificate=made.vcek(chip=bytes(64))), "another chip"),
    "a certificate for other firmware": (lambda: snp_evidence(certificate=made.vcek(tcb={**made.TCB, "snp": 23})), "snp differs"),
    "a report of another generation": (lambda: snp_evidence(Snp(cpu=(0x19, 0x11))), "of a genoa processor"),
    "a version that nobody knows": (lambda: snp_evidence(Snp(version=9)), "has version 9"),
    "runtime data that the hardware did not see": (lambda: snp_evidence(Snp(report_data=b"r" * 64)), "not the digest of the runtime data"),
    "a digest with something behind it": (
        lambda: snp_evidence(Snp(report_data=made.hashlib.sha256(made.runtime()).digest() + b"r" * 32)),
        "not the digest of the runtime data",
    ),
    "a quote of another vTPM": (lambda: snp_evidence(quoter=OTHER), "they are of two machines"),
}  # fmt: skip
WRONG_TDX: dict[str, tuple[Any, str]] = {
    "another version": (lambda: tdx_evidence(Td(version=5)), "is of version 5"),
    "a module that is not Intel's": (lambda: tdx_evidence(Td(mrsigner_seam=b"\x01" + bytes(47))), "MRSIGNER_SEAM"),
    "a TD that its host may debug": (lambda: tdx_evidence(Td(attributes=1)), "debugged or migrated"),
    "a TD that can be migrated": (lambda: tdx_evidence(Td(attributes=1 << 29)), "debugged or migrated"),
    "another quoting enclave": (lambda: tdx_evidence(Td(enclave_signer=b"e" * 32)), "not of Intel's quoting enclave"),
    "a quoting enclave that can be debugged": (lambda: tdx_evidence(Td(enclave_flags=0x17)), "can be debugged"),
    "a key that the enclave does not vouch for": (lambda: tdx_evidence(Td(bound=False)), "does not vouch for the key"),
    "another root": (lambda: tdx_evidence(Td(root=made.certificate("R", OTHER_256, "R", OTHER_256))), "SGX root CA"),
    "a quote that nobody signed": (lambda: tdx_evidence(key=OTHER_256), "The quote has a wrong signature"),
    "an enclave's report that nobody signed": (lambda: tdx_evidence(pck=OTHER_256), "quoting enclave has a wrong signature"),
    "runtime data that the TD did not see": (lambda: tdx_evidence(Td(report_data=b"r" * 64)), "not the digest of the runtime data"),
}  # fmt: skip


@pytest.mark.parametrize("case", [*WRONG_SNP, *WRONG_TDX])
def test_evidence_with_one_thing_wrong_is_refused_for_that(file: Path, capsys: Any, case: str) -> None:
    evidence, sentence = {**WRONG_SNP, **WRONG_TDX}[case]
    assert run(file, evidence()) == 1
    assert sentence in capsys.readouterr().err
    assert file.read_text("utf-8") == EMPTY


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (Snp(guest_svn=11), "guest_svn 11, and milan needs 12"),
        (Snp(tcb={**made.TCB, "microcode": 218}), "below its tcbMinimum: microcode"),
    ],
)
def test_what_is_older_than_what_is_known_is_refused(
    file: Path, capsys: Any, report: Snp, sentence: str
) -> None:
    assert run(file, snp_evidence()) == 0
    before = file.read_text("utf-8")
    assert run(file, snp_evidence(report, certificate=made.vcek(tcb=report.tcb))) == 1
    assert sentence in capsys.readouterr().err
    assert file.read_text("utf-8") == before


def test_one_wrong_file_among_right_ones_stops_all(file: Path) -> None:
    assert run(file, tdx_evidence(), snp_evidence(Snp(vmpl=1))) == 1
    assert file.read_text("utf-8") == EMPTY


@pytest.mark.parametrize("cut", [100, 700, 1300, 2000, 4000])
def test_a_quote_that_is_cut_off_is_refused(file: Path, capsys: Any, cut: int) -> None:
    evidence = tdx_evidence()
    evidence["td_quote"] = made.b64(base64.urlsafe_b64decode(evidence["td_quote"])[:-cut])
    assert run(file, evidence) == 1
    assert capsys.readouterr().err.startswith("error: ")


# Recorded evidence of Azure's hardware, and the vendors' own certificates


@pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded hardware evidence in {RECORDED}")
class TestRecorded:
    def run(self, tmp_path: Path, *evidence: Any) -> int:
        file = tmp_path / "azure.yaml"
        file.write_text((ROOT / "platform-values/azure.yaml").read_text("utf-8"), "utf-8")
        self.file = file
        paths: list[str] = []
        for number, one in enumerate(evidence):
            path = tmp_path / f"{number}.json"
            path.write_text(json.dumps(one), "utf-8")
            paths.append(str(path))
        return command.main([*paths, "--seen", "2026-01-01"], file=file)

    def recorded(self, name: str) -> dict[str, Any]:
        return json.loads((RECORDED / f"{name}.json").read_text("utf-8"))

    def test_milan_and_genoa_are_genuine_and_already_in_the_committed_file(
        self, tmp_path: Path, capsys: Any
    ) -> None:
        assert self.run(tmp_path, self.recorded("milan"), self.recorded("genoa")) == 0
        said = capsys.readouterr().out
        assert "genuine, milan, firmware 4/0/24/219" in said
        assert "genuine, genoa, firmware 10/0/23/84" in said
        assert "holds all of it already" in said

    @pytest.mark.parametrize("name", ["milan", "genoa"])
    @pytest.mark.parametrize(
        ("offset", "what"),
        [(4, "guest_svn"), (8, "policy"), (0x30, "vmpl"), (0x50, "report_data"), (0x90, "measurement"), (0xE0, "id_key_digest"), (0x1F0, "launch_tcb"), (0x2A0, "signature")],
    )  # fmt: skip
    def test_a_changed_field_breaks_the_signature(
        self, tmp_path: Path, capsys: Any, name: str, offset: int, what: str
    ) -> None:
        evidence = self.recorded(name)
        key = "hcl_report" if "hcl_report" in evidence else "report"
        old = evidence[key]
        raw = bytearray(base64.urlsafe_b64decode(old) if isinstance(old, str) else bytes(old))
        raw[32 + offset] ^= 1
        evidence[key] = made.b64(bytes(raw)) if isinstance(old, str) else list(raw)
        assert self.run(tmp_path, evidence) == 1, what
        assert "not the VCEK's" in capsys.readouterr().err

    def test_another_vtpms_key_is_not_bound_to_the_report(self, tmp_path: Path, capsys: Any) -> None:
        evidence = self.recorded("milan")
        raw = base64.urlsafe_b64decode(evidence["hcl_report"])
        evidence["hcl_report"] = made.b64(made.hcl(raw[32 : 32 + 1184], made.runtime()))
        evidence["tpm_quote"] = made.tpm_quote()
        assert self.run(tmp_path, evidence) == 1
        assert "not the digest of the runtime data" in capsys.readouterr().err


def test_the_vendors_certificates_are_chains_up_to_their_own_roots() -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    for chain in command.certificates.amd().values():
        command.certificates.check_chain(chain, now)
        assert len(chain) == 2
    command.certificates.check_chain([command.certificates.intel()], now)
