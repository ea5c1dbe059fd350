from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.attestation import reference_values
from model.attestation.reference_values import ReferenceValuesError

FILE = """\
oscVersion: 1.13.1
provenance:
  tool: get-pcr.sh
  toolVersion: 3.1.0
  image: registry.redhat.io/openshift-sandboxed-containers/osc-dm-verity-image:1.13.1
  imageDigest: sha256:{digest}
  signatureChecked: true
  transparencyLogChecked: false
  obtained: 2026-11-01
expires: 2027-06-30
pcrs:
  pcr03: [{pcr03}]
  pcr09: [0x{pcr09}, {pcr03}, {pcr03}]
  pcr11: ["{pcr11}"]
  pcr12: [{pcr12}]
"""
PARTS = {
    "digest": "ab" * 32,
    "pcr03": "00" * 31 + "12",  # all digits: YAML alone would make a number of it
    "pcr09": "0C" * 32,
    "pcr11": "11" * 32,
    "pcr12": "1e" * 32,
}


def text(**changes: str) -> str:
    return FILE.format(**{**PARTS, **changes})


def edited(old: str, new: str) -> str:
    assert old in text()
    return text().replace(old, new)


def test_registers_are_kept_digit_by_digit():
    values = reference_values.read(text())
    assert values.pcrs.pcr03 == (PARTS["pcr03"],)
    assert values.pcrs.pcr09 == ("0c" * 32, PARTS["pcr03"])
    assert values.pcrs.pcr12 == (PARTS["pcr12"],)


def test_the_register_of_the_boot_loaders_may_be_there_and_counts_where_it_is():
    assert "pcr04" not in reference_values.read(text()).pcrs.values()
    known = reference_values.read(edited("  pcr09:", f"  pcr04: [{'44' * 32}]\n  pcr09:"))
    assert known.pcrs.values()["pcr04"] == ("44" * 32,)
    merged = reference_values.merge([known], {}, ["az-snp-vtpm"], {})
    assert merged["snp_pcr04"] == ["44" * 32]


def test_a_signed_image_of_known_digest_and_a_known_tool_are_verified():
    assert reference_values.read(text()).verified


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signatureChecked: true", "signatureChecked: false"),
        ("  signatureChecked: true\n", ""),
        (f"  imageDigest: sha256:{PARTS['digest']}\n", ""),
        (f"imageDigest: sha256:{PARTS['digest']}", "imageDigest: null"),
        ("toolVersion: 3.1.0", "toolVersion: ~"),
        ("toolVersion: 3.1.0", "toolVersion:"),
    ],
)
def test_values_that_nobody_can_trace_are_not_verified(old, new):
    assert not reference_values.read(edited(old, new)).verified


@pytest.mark.parametrize(("now", "expired"), [((2027, 6, 29, 23, 59, 59), False), ((2027, 6, 30), True)])
def test_expired_values_are_a_problem_from_the_moment_they_expire(now, expired):
    problems = reference_values.read(text()).problems(datetime(*now, tzinfo=UTC))
    assert bool(problems) == expired
    assert all("OSC 1.13.1 expired on 2027-06-30: read them again from" in problem for problem in problems)


@pytest.mark.parametrize("expires", ["2027-06-30T00:00:00Z", "2027-06-30T02:00:00+02:00", '"2027-06-30"'])
def test_an_expiry_is_a_moment_however_it_is_written(expires):
    assert reference_values.read(edited("expires: 2027-06-30", f"expires: {expires}")).expires == datetime(
        2027, 6, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("oscVersion: 1.13.1", "oscVersion: '1.13'", "oscVersion: .*'1.13' is not a full version"),
        ("pcr12:", "pcr13:", r"(?s)pcrs.pcr12: Field required.*pcrs.pcr13: Extra inputs"),
        (
            f"pcr12: [{PARTS['pcr12']}]",
            "pcr12: [abc]",
            "pcrs.pcr12.0: .*'abc' is not a SHA-256 register: 64 hex digits",
        ),
        (f"pcr12: [{PARTS['pcr12']}]", "pcr12: []", "pcrs.pcr12: .*an empty list accepts nothing"),
        ("pcrs:", "hardware: {}\npcrs:", "hardware: Extra inputs are not permitted"),
        (
            f"sha256:{PARTS['digest']}",
            "latest",
            "provenance.imageDigest: .*'latest' is not the digest of an image",
        ),
        ("toolVersion: 3.1.0", "toolVersion: unknown", "provenance.toolVersion: String should match"),
        ("expires: 2027-06-30", "expires: never", "expires: Input should be a valid datetime"),
        ("provenance:", "provenance: {", "not YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(old, new, sentence):
    with pytest.raises(ReferenceValuesError, match=sentence):
        reference_values.read(edited(old, new))


def test_all_problems_of_a_file_are_named_at_once():
    with pytest.raises(ReferenceValuesError) as refused:
        reference_values.read(text(pcr12="abc", digest="x").replace("oscVersion: 1.13.1", "oscVersion: x"))
    assert str(refused.value).count("\n") == 2


@pytest.mark.parametrize("nothing", ["", "[]", "text"])
def test_a_file_without_values_is_refused(nothing):
    with pytest.raises(ReferenceValuesError):
        reference_values.read(nothing)


def another(**changes: str):
    return reference_values.read(text(**changes).replace("1.13.1", "1.13.0", 1))


def test_merging_accepts_what_any_set_accepts_on_every_tee():
    merged = reference_values.merge(
        [reference_values.read(text()), another(pcr03="33" * 32)],
        {"hardened": ["AA" * 32, "bb" * 32], "debug": ["bb" * 32]},
        ["az-snp-vtpm", "az-tdx-vtpm"],
        {"measurement": ("A" * 64, "B" * 64), "tcb_snp": ("24", "23")},
    )
    assert merged["snp_pcr03"] == merged["tdx_pcr03"] == [PARTS["pcr03"], "33" * 32]
    assert merged["snp_pcr08"] == merged["tdx_pcr08"] == ["aa" * 32, "bb" * 32]
    assert merged["snp_pcr11"] == [PARTS["pcr11"]]
    assert merged["tcb_snp"] == ["24", "23"]
    assert merged["measurement"] == ["A" * 64, "B" * 64]
    assert set(merged) == {
        *(f"{tee}_pcr{number}" for tee in ("snp", "tdx") for number in ("03", "08", "09", "11", "12")),
        "tcb_snp", "measurement",
    }  # fmt: skip


def test_only_the_tees_that_were_asked_for_get_registers():
    merged = reference_values.merge([reference_values.read(text())], {}, ["az-tdx-vtpm"], {})
    assert not [name for name in merged if name.startswith("snp_")]


def test_a_measurement_that_is_none_is_not_accepted():
    with pytest.raises(ValueError, match="not a SHA-256 register"):
        reference_values.merge([], {"hardened": ["sha256:abc"]}, ["az-snp-vtpm"], {})


@given(
    profiles=st.dictionaries(
        st.sampled_from("abc"), st.lists(st.sampled_from(["0a" * 32, "0b" * 32, "0c" * 32]))
    )
)
def test_every_accepted_measurement_of_every_profile_is_there_once(profiles):
    merged = reference_values.merge([], profiles, ["az-snp-vtpm"], {})
    accepted = merged.get("snp_pcr08", [])
    assert set(accepted) == {value for values in profiles.values() for value in values}
    assert len(accepted) == len(set(accepted))
