import json
from pathlib import Path

import pytest

from model.attestation import attestation_policy, platform_values, registers
from model.attestation.attestation_policy import HARDWARE_NAMES, AttestationPolicyError
from model.attestation.platform_values import ROOTS, SNP, TDX, HostClaims, TcbMinimum
from model.trustee import documents
from tests.model.attestation import evidence
from tests.rego import affirming, trust_vector

LAYOUTS = [documents.layout(version) for version in ("1.0", "1.2")]  # 1.1 has the policies of 1.2
GOOD = {"executables": 3, "hardware": 2, "configuration": 2}
UNKNOWN = {"executables": 33, "hardware": 97, "configuration": 36}
MINIMA = (
    TcbMinimum(bootloader=4, tee=0, snp=24, microcode=219),
    TcbMinimum(bootloader=10, tee=0, snp=23, microcode=84),
)
# Reference value name -> claim of the evidence.
SNP_CLAIMS = {
    "measurement": "measurement",
    **{f"tcb_{part}": f"reported_tcb_{part}" for part in ("bootloader", "microcode", "snp", "tee")},
    **{name: f"policy_{name}" for name in ("abi_major", "abi_minor", "single_socket", "smt_allowed")},
    **{name: f"platform_{name}" for name in ("smt_enabled", "tsme_enabled")},
}
TDX_CLAIMS = {name: f"quote.body.{name}" for name in ("mr_seam", "mr_td", "tcb_svn", "xfam")}
PCRS = tuple(registers.MEANING)
ROOT = Path(__file__).parents[3]
RECORDED = ROOT.parent / "shared" / "evidence" / "az-snp-vtpm"


def registered(*hosts, tee=SNP):
    """The reference values that accept exactly these hosts."""
    prefix, claims = ("snp", SNP_CLAIMS) if tee == SNP else ("tdx", TDX_CLAIMS)
    accepted: dict[str, list[str]] = {}
    for host in hosts:
        for pcr in PCRS:
            accepted.setdefault(f"{prefix}_{pcr}", []).append(host[tee]["tpm"][pcr])
        for name, path in claims.items():
            value = host[tee]
            for key in path.split("."):
                value = value[key]
            accepted.setdefault(name, []).append(value)
    return accepted


def vector(
    claims,
    reference,
    *,
    layout=LAYOUTS[-1],
    tees=(SNP,),
    boot_loaders=True,
    hardware=(),
    tcb_minimum=(),
):
    policy = attestation_policy.render(
        layout, tees=tees, boot_loaders=boot_loaders, hardware=hardware, tcb_minimum=tcb_minimum
    )
    for tee in (SNP, TDX):
        claims = evidence.rooted(claims, tee, layout.claim_root(tee))
    return trust_vector(layout, policy, claims, reference)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
@pytest.mark.parametrize("host", [evidence.MILAN, evidence.GENOA], ids=["milan", "genoa"])
def test_milan_and_genoa_are_both_affirmed_when_both_are_accepted(layout, host):
    accepted = registered(evidence.MILAN, evidence.GENOA)
    assert vector(host, accepted, layout=layout, hardware=SNP_CLAIMS, tcb_minimum=MINIMA) == GOOD
    assert vector(host, accepted, layout=layout) == GOOD


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
def test_tdx_is_affirmed_beside_snp(layout):
    accepted = registered(evidence.MILAN) | registered(evidence.TDX, tee=TDX)
    for host in (evidence.MILAN, evidence.TDX):
        assert vector(host, accepted, layout=layout, tees=(SNP, TDX), hardware=HARDWARE_NAMES) == GOOD


def test_a_genoa_host_is_nothing_where_only_milan_is_accepted():
    found = vector(evidence.GENOA, registered(evidence.MILAN), hardware=SNP_CLAIMS)
    assert found == {"executables": 3, "hardware": 97, "configuration": 36}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
@pytest.mark.parametrize(
    "claims", [{}, {"sample": {"svn": "1"}}, evidence.TDX], ids=["none", "sample", "tdx"]
)
def test_evidence_of_another_kind_is_not_affirmed(layout, claims):
    accepted = registered(evidence.MILAN) | registered(evidence.TDX, tee=TDX)
    assert vector(claims, accepted, layout=layout) == UNKNOWN


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
def test_no_reference_values_affirm_nothing_that_is_measured(layout):
    assert vector(evidence.MILAN, {}, layout=layout, hardware=SNP_CLAIMS) == UNKNOWN
    assert vector(evidence.MILAN, {}, layout=layout)["executables"] == 33


# Registers that no reference value is about, with what a guest can make of them.
WRONG_REGISTERS = [
    *((f"tpm.{pcr}", "ff" * 32, "executables") for pcr in (*PCRS, "pcr16", "pcr23")),
    *((f"tpm.pcr{number}", "00" * 32, "executables") for number in range(17, 23)),
    ("tpm.pcr16", "16" * 32, "executables"),
    ("tpm.pcr23", registers.ZERO[:-1] + "1", "executables"),
]
WRONG_SNP = [
    *WRONG_REGISTERS,
    ("measurement", "bm90IGl0", "hardware"),
    *((f"reported_tcb_{part}", "1", "hardware") for part in ("bootloader", "microcode", "snp", "tee")),
    ("policy_debug_allowed", "true", "hardware"),
    ("policy_debug_allowed", "true", "configuration"),
    ("policy_migrate_ma", "true", "hardware"),
    ("policy_migrate_ma", "true", "configuration"),
    ("policy_abi_major", "1", "configuration"),
    ("policy_abi_minor", "30", "configuration"),
    ("policy_single_socket", "true", "configuration"),
    ("policy_smt_allowed", "false", "configuration"),
    ("platform_smt_enabled", "other", "configuration"),
    ("platform_tsme_enabled", "true", "configuration"),
]
WRONG_TDX = [
    *WRONG_REGISTERS,
    ("quote.body.mrsigner_seam", "00" * 47 + "01", "hardware"),
    ("quote.body.mrsigner_seam", "00" * 47 + "01", "configuration"),
    ("quote.header.tee_type", "00000000", "hardware"),
    ("quote.header.vendor_id", "00" * 16, "hardware"),
    ("quote.body.mr_td", "ff" * 48, "hardware"),
    ("quote.body.mr_seam", "ff" * 48, "hardware"),
    ("quote.body.tcb_svn", "00" * 16, "hardware"),
    ("quote.body.xfam", "00" * 8, "configuration"),
    *(
        ("tcb_status", status, "hardware")
        for status in ("OutOfDate", "ConfigurationNeeded", "SWHardeningNeeded", "")
    ),
    ("tcb_status", "OutOfDate", "configuration"),
    ("collateral_expiration_status", "1", "hardware"),
    ("td_attributes.debug", True, "hardware"),
    ("td_attributes.debug", True, "configuration"),
    ("td_attributes.debug", "false", "hardware"),
    *(("quote.body.td_attributes", f"000000{digit}000000000", "hardware") for digit in "2367abef"),
    ("quote.body.td_attributes", "0000002000000000", "configuration"),
]

NEEDED = dict.fromkeys(
    [(SNP, claim, suffers) for claim, _, suffers in WRONG_SNP]
    + [(TDX, claim, suffers) for claim, _, suffers in WRONG_TDX]
)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
@pytest.mark.parametrize(
    ("tee", "claim", "value", "suffers"),
    [(SNP, *case) for case in WRONG_SNP]
    + [(TDX, *case) for case in WRONG_TDX]
    + [(tee, claim, None, suffers) for tee, claim, suffers in NEEDED],
)
def test_any_single_wrong_or_missing_value_is_not_affirmed(layout, tee, claim, value, suffers):
    host = evidence.MILAN if tee == SNP else evidence.TDX
    found = vector(
        evidence.changed(host, f"{tee}.{claim}", value),
        registered(host, tee=tee),
        layout=layout,
        tees=(tee,),
        hardware=HARDWARE_NAMES,
    )
    assert found[suffers] == UNKNOWN[suffers]
    assert not affirming(found)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
@pytest.mark.parametrize("host", [evidence.MILAN, evidence.TDX], ids=["snp", "tdx"])
def test_a_quote_of_fewer_or_more_registers_is_not_affirmed(layout, host):
    """What the verifier names them by is their place, so a list that is too short or too long is of another selection."""
    tee = SNP if SNP in host else TDX

    def executables(tpm: dict[str, str]) -> int:
        claims = {**host, tee: {**host[tee], "tpm": tpm}}
        return vector(claims, registered(host, tee=tee), layout=layout, tees=(tee,))["executables"]

    tpm = host[tee]["tpm"]
    assert executables(tpm) == 3
    assert executables({**tpm, "pcr24": registers.ZERO}) == 33
    for name in registers.NAMES:
        assert executables({key: value for key, value in tpm.items() if key != name}) == 33, name


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
def test_a_guest_that_measured_no_initdata_is_not_affirmed_whatever_is_registered(layout):
    bare = evidence.changed(evidence.MILAN, f"{SNP}.tpm.pcr08", registers.ZERO)
    assert registered(bare)["snp_pcr08"] == [registers.ZERO]
    assert vector(bare, registered(bare), layout=layout)["executables"] == 33


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
def test_another_boot_loader_that_replays_the_other_registers_is_told_apart_by_pcr4_alone(layout):
    replayed = evidence.changed(evidence.MILAN, f"{SNP}.tpm.pcr04", "bb" * 32)
    accepted = registered(evidence.MILAN)
    assert vector(replayed, accepted, layout=layout, boot_loaders=True)["executables"] == 33
    assert vector(replayed, accepted, layout=layout, boot_loaders=False)["executables"] == 3


@pytest.mark.parametrize("register", ["pcr00", "pcr01", "pcr02", "pcr05", "pcr06", "pcr07", "pcr14"])
def test_registers_that_differ_between_honest_machines_are_not_asked_for(register):
    """Firmware waves, disks, machines; and 7, whose certificates Azure is about to change."""
    other = evidence.changed(evidence.MILAN, f"{SNP}.tpm.{register}", "bb" * 32)
    assert vector(other, registered(evidence.MILAN), hardware=SNP_CLAIMS) == GOOD


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
@pytest.mark.parametrize(
    ("host", "claim", "root"),
    [
        (evidence.MILAN, f"{SNP}.measurement", "measurement"),
        (evidence.TDX, f"{TDX}.quote.body.mr_td", "mr_td"),
    ],
    ids=["snp", "tdx"],
)
def test_a_machine_under_firmware_of_its_owners_passes_only_where_no_root_is_asked_for(
    layout, host, claim, root
):
    tee = claim.partition(".")[0]
    forged = evidence.changed(host, claim, "ab" * 48)
    accepted = registered(host, tee=tee)
    assert vector(forged, accepted, layout=layout, tees=(tee,), hardware=(root,))["hardware"] == 97
    assert vector(forged, accepted, layout=layout, tees=(tee,)) == GOOD  # allowAnyPlatform


@pytest.mark.parametrize("digit", "014589cd")
def test_a_tdx_guest_with_harmless_attributes_is_affirmed(digit):
    host = evidence.changed(evidence.TDX, f"{TDX}.quote.body.td_attributes", f"000000{digit}000000000")
    assert vector(host, registered(host, tee=TDX), tees=(TDX,), hardware=TDX_CLAIMS) == GOOD


@pytest.mark.parametrize("claim", ["policy_debug_allowed", "policy_migrate_ma"])
def test_a_debuggable_or_migratable_guest_is_refused_without_hardware_reference_values_too(claim):
    host = evidence.changed(evidence.MILAN, f"{SNP}.{claim}", "true")
    found = vector(host, registered(host))
    assert found == {"executables": 3, "hardware": 97, "configuration": 36}


@pytest.mark.parametrize("host", [evidence.MILAN, evidence.GENOA], ids=["milan", "genoa"])
@pytest.mark.parametrize("part", ["bootloader", "tee", "snp", "microcode"])
def test_firmware_below_the_minimum_of_its_host_generation_is_not_affirmed(host, part):
    claim = f"{SNP}.reported_tcb_{part}"
    minimum = MINIMA[0] if host is evidence.MILAN else MINIMA[1]
    accepted = registered(evidence.MILAN, evidence.GENOA)

    def hardware(number: int) -> int:
        return vector(evidence.changed(host, claim, str(number)), accepted, tcb_minimum=MINIMA)["hardware"]

    assert hardware(getattr(minimum, part)) == 2
    assert hardware(getattr(minimum, part) + 1) == 2
    assert hardware(getattr(minimum, part) - 1) == 97


def test_numbers_are_compared_as_numbers_and_not_as_text():
    minimum = TcbMinimum(bootloader=4, tee=0, snp=24, microcode=1000)
    found = vector(evidence.MILAN, registered(evidence.MILAN), tcb_minimum=[minimum])
    assert found["hardware"] == 97  # "219" > "1000" as text


def test_a_milan_host_cannot_pass_with_the_firmware_numbers_of_genoa():
    downgraded = evidence.changed(evidence.MILAN, f"{SNP}.reported_tcb_microcode", "84")
    accepted = registered(evidence.MILAN, evidence.GENOA)
    assert vector(downgraded, accepted, hardware=SNP_CLAIMS) == GOOD  # each list alone holds 84
    assert vector(downgraded, accepted, hardware=SNP_CLAIMS, tcb_minimum=MINIMA)["hardware"] == 97


def test_the_policy_and_the_reference_value_files_know_the_same_names():
    names = {*HostClaims.model_fields, *ROOTS.values()}
    assert names == HARDWARE_NAMES == SNP_CLAIMS.keys() | TDX_CLAIMS.keys()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"tees": ()}, "not none"),
        ({"tees": ("snp",)}, "az-snp-vtpm, az-tdx-vtpm, not snp"),
        ({"tees": (SNP,), "hardware": ("tcb_snp", "tcb_minimum")}, "No evidence carries tcb_minimum"),
    ],
)
def test_what_no_evidence_carries_is_not_asked_for(arguments, sentence):
    with pytest.raises(AttestationPolicyError, match=sentence):
        attestation_policy.render(LAYOUTS[-1], boot_loaders=True, **arguments)


def test_the_order_of_names_does_not_change_the_policy():
    names = sorted(HARDWARE_NAMES)
    assert attestation_policy.render(
        LAYOUTS[-1], tees=(SNP,), boot_loaders=True, hardware=names
    ) == attestation_policy.render(LAYOUTS[-1], tees=(SNP, SNP), boot_loaders=True, hardware=names[::-1] * 2)


def everything(version: str) -> str:
    return attestation_policy.render(
        documents.layout(version),
        tees=(SNP, TDX),
        boot_loaders=True,
        hardware=HARDWARE_NAMES,
        tcb_minimum=MINIMA,
    )


def test_trustee_1_1_and_1_2_take_the_same_policy():
    assert everything("1.1") == everything("1.2")


@pytest.mark.parametrize("version", ["1.0", "1.2"])
def test_policies_are_what_reviewers_saw(version, snapshot):
    assert everything(version) == snapshot


recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded hardware evidence in {RECORDED}")


def as_recorded(name: str):
    return json.loads((RECORDED / f"{name}.claims.json").read_text())


def host(name: str):
    """With initdata, which the Milan guest had none of."""
    return evidence.changed(as_recorded(name), f"{SNP}.tpm.pcr08", evidence.PCR8)


@recorded
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
@pytest.mark.parametrize("name", ["milan", "genoa"])
def test_recorded_hardware_is_affirmed(name, layout):
    accepted = registered(host("milan"), host("genoa"))
    assert vector(host(name), accepted, layout=layout, hardware=SNP_CLAIMS, tcb_minimum=MINIMA) == GOOD


@recorded
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.version)
def test_the_recorded_milan_guest_measured_no_initdata_and_is_refused_for_that(layout):
    bare = as_recorded("milan")
    assert bare["init_data"] == registers.ZERO
    found = vector(bare, registered(bare), layout=layout, hardware=SNP_CLAIMS, tcb_minimum=MINIMA)
    assert found == {**GOOD, "executables": 33}


@recorded
@pytest.mark.parametrize("name", ["milan", "genoa"])
def test_the_committed_platform_values_accept_the_recorded_paravisors_and_hosts(name):
    values = platform_values.read((ROOT / "platform-values/azure.yaml").read_text("utf-8")).accepted([SNP])
    accepted = {**registered(host("milan"), host("genoa")), **values.values}
    found = vector(host(name), accepted, hardware=sorted(values.values), tcb_minimum=values.tcb_minimum)
    assert found == GOOD


@recorded
@pytest.mark.parametrize("name", ["milan", "genoa"])
@pytest.mark.parametrize(("claim", "value", "suffers"), WRONG_SNP)
def test_recorded_hardware_with_one_value_changed_is_not_affirmed(name, claim, value, suffers):
    found = vector(
        evidence.changed(host(name), f"{SNP}.{claim}", value),
        registered(host("milan"), host("genoa")),
        hardware=SNP_CLAIMS,
        tcb_minimum=MINIMA,
    )
    assert found[suffers] == UNKNOWN[suffers]


@recorded
def test_the_made_up_evidence_has_the_names_and_types_of_the_recorded():
    for made, name in ((evidence.MILAN, "milan"), (evidence.GENOA, "genoa")):
        real = host(name)
        assert made.keys() == real.keys()
        assert {key: type(value) for key, value in made[SNP].items()} == {
            key: type(value) for key, value in real[SNP].items()
        }
        assert made[SNP]["tpm"].keys() == real[SNP]["tpm"].keys()
