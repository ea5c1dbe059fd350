"""What the deployed attestation policy asks of a guest, found by showing it evidence with one thing wrong at a time.

The evidence is made up from the deployed reference values; names and types of claims are those of recorded hardware evidence
(SNP) and of the verifier's source (TDX: confidential-containers/trustee deps/verifier/src/tdx/claims.rs).
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final, NamedTuple, cast

from model.attestation import registers
from model.trustee.documents import Layout
from tools.posture import rego
from tools.posture.model import Requirement

TEES: Final = {"az-snp-vtpm": "snp", "az-tdx-vtpm": "tdx"}
ROOT: Final = "the paravisor's measurement"
BOOT_LOADERS: Final = registers.MEANING["pcr04"]
# Registers that no reference value is about: what must hold of them, each shown with a register that breaks it and its value there.
_WHOLE: Final = {
    "all 24 registers and no other": ("pcr10", None),
    "registers that a guest can reset, untouched (PCR16)": ("pcr16", "16" * 32),
    "registers that a guest can reset, untouched (PCR23)": ("pcr23", "23" * 32),
    "registers that no guest changes, as they start (PCR17 to 22)": ("pcr17", registers.ZERO),
}
REGISTERS: Final = (*registers.MEANING.values(), *_WHOLE)
"""What can be asked of registers, in words."""


class _Claim(NamedTuple):
    what: str
    good: object
    bad: object
    reference: str = ""
    """The reference value that it is compared with, where that is the hub's choice."""


_UP_TO_DATE: Final = "platform firmware is up to date"
# Numbers that no host is below, so that any minimum is met.
_SNP: Final = {
    "policy_debug_allowed": _Claim("no debugging by the host", "false", "true"),
    "policy_migrate_ma": _Claim("no migration agent", "false", "true"),
    "measurement": _Claim(ROOT, "", "other", "measurement"),
    "reported_tcb_bootloader": _Claim("firmware version (boot loader)", "255", "0", "tcb_bootloader"),
    "reported_tcb_tee": _Claim("firmware version (TEE)", "255", "0", "tcb_tee"),
    "reported_tcb_snp": _Claim("firmware version (SNP)", "255", "0", "tcb_snp"),
    "reported_tcb_microcode": _Claim("firmware version (microcode)", "255", "0", "tcb_microcode"),
    "platform_smt_enabled": _Claim("simultaneous multithreading of the host", "", "other", "smt_enabled"),
    "platform_tsme_enabled": _Claim("transparent memory encryption of the host", "", "other", "tsme_enabled"),
    "policy_abi_major": _Claim("ABI version, major", "", "other", "abi_major"),
    "policy_abi_minor": _Claim("ABI version, minor", "", "other", "abi_minor"),
    "policy_single_socket": _Claim("single socket", "", "other", "single_socket"),
    "policy_smt_allowed": _Claim("simultaneous multithreading allowed", "", "other", "smt_allowed"),
}
_TDX: Final = {
    "quote.header.tee_type": _Claim("a TDX quote", "81000000", "00000000"),
    "quote.header.vendor_id": _Claim(
        "Intel's quoting enclave", "939a7233f79c4ca9940a0db3957f0607", "00" * 16
    ),
    "quote.body.td_attributes": _Claim(
        "no debugging and no migration", "0000000000000000", "0000002001000000"
    ),
    "td_attributes.debug": _Claim("no debugging by the host", False, True),
    "quote.body.mrsigner_seam": _Claim("Intel's own TDX module", "00" * 48, "01" * 48),
    "tcb_status": _Claim(_UP_TO_DATE, "UpToDate", "OutOfDate"),
    "collateral_expiration_status": _Claim("collateral has not expired", "0", "1"),
    "quote.body.mr_td": _Claim(ROOT, "", "other", "mr_td"),
    "quote.body.mr_seam": _Claim("TDX module", "", "other", "mr_seam"),
    "quote.body.tcb_svn": _Claim("TDX module version", "", "other", "tcb_svn"),
    "quote.body.xfam": _Claim("extended features", "", "other", "xfam"),
}

# What is asked of firmware. The TEE's number is left out: it is 0 on every host that was seen, and no minimum can be below that.
FIRMWARE: Final = {
    "az-snp-vtpm": tuple(_SNP[f"reported_tcb_{part}"].what for part in ("bootloader", "snp", "microcode")),
    "az-tdx-vtpm": (_UP_TO_DATE,),
}


def accepted(
    policy: str, registered: Mapping[str, Sequence[str]], layout: Layout
) -> tuple[tuple[str, ...], tuple[Requirement, ...]]:
    """The TEEs whose evidence the policy affirms when every value is right, and what it asks of each.

    `registered` are the deployed reference values. Raises PostureError where the policy does not compile.
    """
    as_data = layout.reference_values_are_data
    asked = rego.attestation_policy(policy, registered, values_are_data=as_data)

    def affirmed(tee: str, evidence: Mapping[str, object]) -> bool:
        claims = {layout.claim_root(tee): evidence}
        return rego.affirming(rego.trust_vector(asked, claims, values_are_data=as_data))

    tees = [tee for tee in TEES if affirmed(tee, _evidence(tee, registered))]
    requirements = [
        Requirement(tee=tee, what=what, enforced=not affirmed(tee, evidence))
        for tee in tees
        for what, evidence in _with_one_thing_wrong(tee, registered)
    ]
    if affirmed("sample", {"svn": "1", "tpm": {}}):
        tees.append("sample (no TEE at all)")
    return tuple(tees), tuple(requirements)


def essential(requirement: Requirement) -> bool:
    """Whether leaving it out is a hole in any case, and not a choice of the hub's about hosts."""
    if requirement.what in (ROOT, BOOT_LOADERS):
        return False  # said of the root and in an advisory
    claims = {claim.what: claim for claim in _claims(requirement.tee).values()}
    return requirement.what not in claims or not claims[requirement.what].reference


def _claims(tee: str) -> Mapping[str, _Claim]:
    return _SNP if TEES[tee] == "snp" else _TDX


def _evidence(tee: str, registered: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Evidence in which every value is one that is accepted."""
    prefix = TEES[tee]
    measured = {pcr: _first(registered, f"{prefix}_{pcr}", registers.ZERO) for pcr in registers.MEANING}
    evidence: dict[str, Any] = {
        "tpm": {**dict.fromkeys(registers.NAMES, registers.ZERO), **registers.UNTOUCHED, **measured}
    }
    for path, claim in _claims(tee).items():
        _put(evidence, path, _first(registered, claim.reference, claim.good))
    return evidence


def _with_one_thing_wrong(
    tee: str, registered: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    right = _evidence(tee, registered)
    changes: list[tuple[str, str, object]] = [
        (f"tpm.{pcr}", what, "ff" * 32) for pcr, what in registers.MEANING.items()
    ]
    changes += [(f"tpm.{pcr}", what, bad) for what, (pcr, bad) in _WHOLE.items()]
    changes += [(path, claim.what, claim.bad) for path, claim in _claims(tee).items()]
    for path, what, bad in changes:
        wrong = deepcopy(right)
        _put(wrong, path, bad)
        yield what, wrong


def _first(registered: Mapping[str, Sequence[str]], name: str, otherwise: object) -> object:
    return next(iter(registered.get(name) or ()), otherwise)


def _put(evidence: dict[str, Any], path: str, value: object) -> None:
    """None takes the claim out."""
    *parents, last = path.split(".")
    table = evidence
    for key in parents:
        table = cast(dict[str, Any], table.setdefault(key, {}))
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value
