"""The attestation policy: which evidence makes a guest trustworthy, as a Rego module for Trustee's attestation service.

It appraises three claims of AR4SI (draft-ietf-rats-ar4si): `executables` (3 is good), `hardware` and `configuration` (2 is
good). Values from 2 to 31 affirm; the defaults do not. Claims are text, `"24"` and `"false"`, as the attestation service
extracts them (deps/verifier/src/az_snp_vtpm of confidential-containers/trustee), except TDX's `td_attributes`.
"""

from collections.abc import Collection, Sequence
from typing import Final

from model.attestation import registers
from model.attestation.platform_values import SNP, TDX, TcbMinimum
from model.attestation.reference_values import PREFIXES
from model.trustee.documents import Layout

# By TEE and trust claim: reference value name -> claim.
_HARDWARE: Final = {
    SNP: {
        "hardware": {
            "measurement": "measurement",
            "tcb_bootloader": "reported_tcb_bootloader",
            "tcb_microcode": "reported_tcb_microcode",
            "tcb_snp": "reported_tcb_snp",
            "tcb_tee": "reported_tcb_tee",
        },
        "configuration": {
            "abi_major": "policy_abi_major",
            "abi_minor": "policy_abi_minor",
            "single_socket": "policy_single_socket",
            "smt_allowed": "policy_smt_allowed",
            "smt_enabled": "platform_smt_enabled",
            "tsme_enabled": "platform_tsme_enabled",
        },
    },
    TDX: {
        "hardware": {
            "mr_seam": "quote.body.mr_seam",
            "mr_td": "quote.body.mr_td",
            "tcb_svn": "quote.body.tcb_svn",
        },
        "configuration": {"xfam": "quote.body.xfam"},
    },
}
HARDWARE_NAMES: Final = frozenset(
    name for claims in _HARDWARE.values() for names in claims.values() for name in names
)
"""The reference values that `render` can be asked to require."""

_HEAD: Final = """\
package policy

import rego.v1

# Not affirming, unless a rule below says better: unrecognized executables, unrecognized hardware, unknown configuration.
default executables := 33

default hardware := 97

default configuration := 36
"""
_TRUST_CLAIMS: Final = """
trust_claims := {
	"executables": executables,
	"hardware": hardware,
	"configuration": configuration,
}
"""
_TITLE: Final = {SNP: "AMD SEV-SNP", TDX: "Intel TDX"}
# These conditions hold whatever the reference values are.
_CLOSED: Final = {
    SNP: """\
# Neither the host may debug the guest nor a migration agent move it.
{tee}_closed if {{
	{tee}.policy_debug_allowed == "false"
	{tee}.policy_migrate_ma == "false"
}}
""",
    TDX: """\
# A TDX quote of Intel's quoting enclave, of Intel's own TDX module (signer zero), on a platform with current firmware, judged by
# collateral that has not expired.
# The TD may be neither debugged nor migrated: bit 29 of its attributes, which is 2 in the seventh hex digit.
{tee}_closed if {{
	{tee}.quote.header.tee_type == "81000000"
	{tee}.quote.header.vendor_id == "939a7233f79c4ca9940a0db3957f0607"
	{tee}.quote.body.mrsigner_seam == "{zeros}"
	{tee}.tcb_status == "UpToDate"
	{tee}.collateral_expiration_status == "0"
	{tee}.td_attributes.debug == false
	substring({tee}.quote.body.td_attributes, 6, 1) in {{"0", "1", "4", "5", "8", "9", "c", "d"}}
}}
""",
}
_WHOLE: Final = """
# The verifier does not say which registers the quote is of, only what they hold together. So all of them must be there; those
# that a guest can reset, and those that no guest of Azure can change, must hold what they start with; and initdata must have been measured.
{tee}_whole if {{
	{{register | {tee}.tpm[register]; startswith(register, "pcr")}} == {{
{names},
	}}
{untouched}
	{tee}.tpm.pcr08 != "{zero}"
}}
"""
_RULE: Final = """
{claim} := {good} if {{
{conditions}
}}
"""
_RECENT: Final = """
# A host generation at this firmware or newer.
{tee}_recent if {{
	to_number({tee}.reported_tcb_bootloader) >= {minimum.bootloader}
	to_number({tee}.reported_tcb_tee) >= {minimum.tee}
	to_number({tee}.reported_tcb_snp) >= {minimum.snp}
	to_number({tee}.reported_tcb_microcode) >= {minimum.microcode}
}}
"""


class AttestationPolicyError(ValueError):
    """The policy cannot be rendered; the message is one sentence for a person."""


def render(
    layout: Layout,
    *,
    tees: Sequence[str],
    boot_loaders: bool,
    hardware: Collection[str] = (),
    tcb_minimum: Sequence[TcbMinimum] = (),
) -> str:
    """The policy for `layout.attestation_policy_key`, affirming only guests on `tees`.

    `boot_loaders`: PCR4 must match too, for which there must be reference values. `hardware` are names of HARDWARE_NAMES whose reference values a host must match too; a name of one TEE asks nothing of
    the other. `tcb_minimum`: SNP firmware must reach one of them; a TDX platform must be up to date in any case.
    Raises AttestationPolicyError.
    """
    if not tees or (unknown := set(tees) - set(PREFIXES)):
        raise AttestationPolicyError(
            f"An attestation policy needs TEEs out of {', '.join(PREFIXES)}, not {', '.join(tees) or 'none'}."
        )
    if unknown := sorted(set(hardware) - HARDWARE_NAMES):
        raise AttestationPolicyError(
            f"No evidence carries {', '.join(unknown)}: hardware reference values are {', '.join(sorted(HARDWARE_NAMES))}."
        )
    blocks = [_HEAD]
    if not layout.reference_values_are_data:  # 1.0 asks for each claim by its name
        blocks.append(_TRUST_CLAIMS)
    blocks += [
        _tee(layout, tee, boot_loaders, set(hardware), tcb_minimum if tee == SNP else ())
        for tee in dict.fromkeys(tees)
    ]
    return "".join(blocks)


def _tee(
    layout: Layout, tee: str, boot_loaders: bool, hardware: set[str], tcb_minimum: Sequence[TcbMinimum]
) -> str:
    name = tee.replace("-", "_").removesuffix("_vtpm")

    def matches(claim: str, reference: str) -> str:
        accepted = (
            f"data.reference.{reference}"
            if layout.reference_values_are_data
            else f'query_reference_value("{reference}")'
        )
        return f"{name}.{claim} in {accepted}"

    def rule(claim: str, good: int, conditions: Sequence[str]) -> str:
        return _RULE.format(claim=claim, good=good, conditions=_indented(conditions))

    def required(claim: str) -> list[str]:
        names = _HARDWARE[tee][claim]
        return [f"{name}_closed", *(matches(names[one], one) for one in sorted(names) if one in hardware)]

    measured = [pcr for pcr in registers.MEANING if pcr != "pcr04" or boot_loaders]
    return (
        f'\n##### {_TITLE[tee]} behind Azure\'s vTPM\n\n{name} := input["{layout.claim_root(tee)}"]\n\n'
        + _CLOSED[tee].format(tee=name, zeros="00" * 48)
        + _whole(name)
        + "".join(_RECENT.format(tee=name, minimum=minimum) for minimum in tcb_minimum)
        + rule(
            "executables",
            3,
            [f"{name}_whole", *(matches(f"tpm.{pcr}", f"{PREFIXES[tee]}_{pcr}") for pcr in measured)],
        )
        + rule("hardware", 2, [*required("hardware"), *([f"{name}_recent"] if tcb_minimum else [])])
        + rule("configuration", 2, required("configuration"))
    )


def _whole(name: str) -> str:
    names = [", ".join(f'"{one}"' for one in registers.NAMES[start : start + 8]) for start in (0, 8, 16)]
    return _WHOLE.format(
        tee=name,
        names=",\n".join(f"\t\t{line}" for line in names),
        untouched=_indented([f'{name}.tpm.{pcr} == "{value}"' for pcr, value in registers.UNTOUCHED.items()]),
        zero=registers.ZERO,
    )


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"\t{line}" for line in lines)
