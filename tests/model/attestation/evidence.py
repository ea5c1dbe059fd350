"""Claims as the attestation service extracts them from evidence of Azure's confidential VMs, made up for tests.

The paravisors' measurements are those of platform-values/azure.yaml. Names and types are those of recorded hardware evidence (SNP: everything is text, `measurement` in base64) and, for TDX, of
the verifier's source (confidential-containers/trustee deps/verifier/src/tdx/claims.rs and intel_dcap/claims.rs), where
`td_attributes` holds booleans.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from model.attestation import registers

PCR8 = "88" * 32


def _tpm() -> dict[str, str]:
    measured = {f"pcr{number:02}": f"{number:02}" * 32 for number in range(24)}
    return {**measured, **registers.UNTOUCHED, "pcr08": PCR8}


def _claims(tee: str, claims: Mapping[str, object]) -> dict[str, Any]:
    return {
        tee: {**claims, "tpm": _tpm()},
        "init_data": PCR8,
        "init_data_claims": None,
        "report_data": "00" * 48,
        "runtime_data_claims": None,
    }


MILAN = _claims(
    "az-snp-vtpm",
    {
        "measurement": "WwzmStHB9jddvaX3YLmFJsobz5G4GVCRr8KOewJCUdaP4y4FrzQEjWYHZ4zSMoP/",
        "platform_smt_enabled": "true",
        "platform_tsme_enabled": "false",
        "policy_abi_major": "0",
        "policy_abi_minor": "31",
        "policy_debug_allowed": "false",
        "policy_migrate_ma": "false",
        "policy_single_socket": "false",
        "policy_smt_allowed": "true",
        "reported_tcb_bootloader": "4",
        "reported_tcb_microcode": "219",
        "reported_tcb_snp": "24",
        "reported_tcb_tee": "0",
    },
)
GENOA = deepcopy(MILAN)
GENOA["az-snp-vtpm"] |= {
    "measurement": "9X3AmlB8bs2CNpv/tgDwADeS9Nmbwm6YXsDCZvw0+vNwb6+BTJ5hBldopv+RfImu",
    "platform_smt_enabled": "false",
    "reported_tcb_bootloader": "10",
    "reported_tcb_microcode": "84",
    "reported_tcb_snp": "23",
}
TDX = _claims(
    "az-tdx-vtpm",
    {
        "quote": {
            "header": {
                "version": "0400",
                "att_key_type": "0200",
                "tee_type": "81000000",
                "reserved": "00000000",
                "vendor_id": "939a7233f79c4ca9940a0db3957f0607",
                "user_data": "00" * 20,
            },
            "body": {
                "mr_seam": "36" * 48,
                "mrsigner_seam": "00" * 48,
                "mr_td": "024a32b070383331181619fa387cb4d55d1e38879f989933055ccad5bc2db795d1737b66205949d15469dc8c1ba7ab7b",
                "tcb_svn": "02010600000000000000000000000000",
                "td_attributes": "0000000000000000",
                "xfam": "e718060000000000",
            },
        },
        "td_attributes": {
            "debug": False,
            "key_locker": False,
            "perfmon": False,
            "protection_keys": False,
            "septve_disable": False,
        },
        "tcb_status": "UpToDate",
        "collateral_expiration_status": "0",
        "advisory_ids": [],
    },
)


def changed(claims: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with the claim at the dotted `path` replaced, or taken out where `value` is None."""
    copy = deepcopy(dict(claims))
    *parents, last = path.split(".")
    table = copy
    for key in parents:
        table = table[key]
    assert last in table, path
    if value is None:
        del table[last]
    else:
        table[last] = value
    return copy


def rooted(claims: Mapping[str, Any], tee: str, root: str) -> dict[str, Any]:
    """The same evidence as a Trustee that roots the claims of `tee` at `root` presents it."""
    return {root if key == tee else key: value for key, value in claims.items()}
