"""The reviewed values that root attestation: what may stand in them, and what a hub accepts of them."""

from datetime import date
from pathlib import Path

import pytest

from model.attestation import platform_values
from model.attestation.platform_values import SNP, TDX, PlatformValuesError, TcbMinimum

KEY, OTHER_KEY = "94" * 48, "03" * 48
A, B, C = ("A" * 64, "B" * 64, "C" * 64)
TD = "02" * 48
FILE = f"""\
maxAgeDays: 90
idKeyDigests: ["{KEY}"]
generations:
  milan:
    tee: az-snp-vtpm
    tcbMinimum: {{bootloader: 4, tee: 0, snp: 24, microcode: 219}}
    minimumGuestSvn: 12
    paravisors:
    - {{seen: 2026-10-01, source: a.json, measurement: {A}, guestSvn: 13, idKeyDigest: "{KEY}"}}
    - {{seen: 2026-07-01, source: b.json, measurement: {B}, guestSvn: 12, idKeyDigest: "{KEY}"}}
  genoa:
    tee: az-snp-vtpm
    tcbMinimum: {{bootloader: 10, tee: 0, snp: 23, microcode: 84}}
    minimumGuestSvn: 65547
    paravisors:
    - {{seen: 2026-02-01, source: c.json, measurement: {C}, guestSvn: 65547, idKeyDigest: "{KEY}"}}
  sapphire-rapids:
    tee: az-tdx-vtpm
    paravisors:
    - {{seen: 2026-09-01, source: d.json, mrTd: "{TD}"}}
"""
MILAN = TcbMinimum(bootloader=4, tee=0, snp=24, microcode=219)
GENOA = TcbMinimum(bootloader=10, tee=0, snp=23, microcode=84)


def test_all_generations_of_a_tee_are_accepted_where_none_is_named():
    found = platform_values.read(FILE).accepted([SNP])
    assert found.values == {"measurement": (A, B, C)}
    assert found.tcb_minimum == (MILAN, GENOA)


def test_named_generations_are_the_only_ones():
    found = platform_values.read(FILE).accepted([SNP, TDX], ["genoa"])
    assert found.values == {"measurement": (C,)}
    assert found.tcb_minimum == (GENOA,)


def test_a_tee_has_its_own_root_and_no_other():
    assert platform_values.read(FILE).accepted([TDX]).values == {"mr_td": (TD,)}
    assert platform_values.read(FILE).accepted([TDX]).tcb_minimum == ()


def test_what_else_hosts_must_show_is_asked_with_the_root():
    text = FILE + "hosts: {tcbSnp: [24, 23], smtAllowed: ['true']}\n"
    found = platform_values.read(text).accepted([SNP], ["milan"])
    assert found.values == {"measurement": (A, B), "tcb_snp": ("24", "23"), "smt_allowed": ("true",)}


@pytest.mark.parametrize(("today", "stale"), [((2026, 12, 30), False), ((2026, 12, 31), True)])
def test_a_generation_is_stale_when_its_last_evidence_is_too_old(today, stale):
    found = list(platform_values.read(FILE).stale(["milan"], date(*today)))
    assert found == ([("milan", date(2026, 10, 1))] if stale else [])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (f'guestSvn: 13, idKeyDigest: "{KEY}"', f'guestSvn: 13, idKeyDigest: "{OTHER_KEY}"', "AAAAAAAA... of milan is signed with a key"),
        ("guestSvn: 12, ", "guestSvn: 11, ", "BBBBBBBB... of milan has guestSvn 11, below minimumGuestSvn 12"),
        (A, "ab" * 48, "not the base64 of a 48-byte launch measurement"),
        (A, "'*'", "not the base64 of a 48-byte"),
        (TD, "02" * 47, "not 48 bytes as hex in lower case"),
        (TD, "AB" * 48, "not 48 bytes as hex in lower case"),
        (f'idKeyDigests: ["{KEY}"]', "idKeyDigests: []", "idKeyDigests: .*an empty list accepts nothing"),
        (f'idKeyDigests: ["{KEY}"]\n', "", "idKeyDigests: Field required"),
        ("snp: 24, ", "", "tcbMinimum.snp: Field required"),
        ("snp: 24,", "snp: -1,", "tcbMinimum.snp: Input should be greater"),
        ("    minimumGuestSvn: 12\n", "", "minimumGuestSvn: Field required"),
        ("source: a.json, ", "", "paravisors.0.source: Field required"),
        ("seen: 2026-10-01", "seen: today", "paravisors.0.seen: Input should be a valid date"),
        ("tee: az-tdx-vtpm", "tee: sample", "generations.sapphire-rapids: Input tag 'sample'"),
        ("maxAgeDays: 90", "maxAgeDays: 0", "maxAgeDays: Input should be greater"),
        ("maxAgeDays: 90", "hosts: {tcbSnp: ['0x18']}\nmaxAgeDays: 90", "hosts.tcbSnp.0: String should match"),
        ("maxAgeDays: 90", "hosts: {smtEnabled: ['yes']}\nmaxAgeDays: 90", "hosts.smtEnabled.0: String should match"),
        ("maxAgeDays: 90", "hosts: {mrSeam: [XY]}\nmaxAgeDays: 90", "'XY' is not hex in lower case"),
        ("maxAgeDays: 90", "hosts: {measurement: [x]}\nmaxAgeDays: 90", "hosts.measurement: Extra inputs"),
        ("maxAgeDays: 90", "maxAgeDays: {", "not YAML"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_place(old, new, sentence):
    assert old in FILE
    with pytest.raises(PlatformValuesError, match=sentence):
        platform_values.read(FILE.replace(old, new, 1))


def test_the_committed_values_say_where_each_is_from():
    text = (Path(__file__).parents[3] / "platform-values/azure.yaml").read_text("utf-8")
    values = platform_values.read(text)
    assert {one.tee for one in values.generations.values()} == {SNP, TDX}
    assert all(
        "/" in one.source for generation in values.generations.values() for one in generation.paravisors
    )
