"""VM sizes: which are confidential, which of these a region offers, and which ARO takes. Pure data, as of `AS_OF`.

`REGIONS` follows Azure's retail price list (https://prices.azure.com/api/retail/prices, of 2026-06-18): a region without
a price for a size does not have it. It is narrower in one place: the list prices v6 of SEV-SNP almost everywhere, so that
one is taken as offered only where another confidential generation is sold as well. What a subscription may really use is
what `az vm list-skus --location <region> --size Standard_DC --all` prints; the config key azure.vmSizesOffered carries
that answer where this table is out of date. To refresh it, read the price list again and move the date.
"""

from enum import StrEnum

AS_OF = "2026-06-18"


class Tee(StrEnum):
    """A kind of confidential VM, named as Trustee names the evidence that its vTPM gives."""

    SNP = "az-snp-vtpm"
    TDX = "az-tdx-vtpm"


def _sizes(*rows: tuple[str, tuple[int, ...]]) -> frozenset[str]:
    return frozenset(f"Standard_{form.format(vcpus)}" for form, each in rows for vcpus in each)


_TO_96 = (2, 4, 8, 16, 32, 48, 64, 96)
_TO_128 = (*_TO_96, 128)
# The child-capable DC..as_cc_v5 sizes are for nested AKS nodes and cannot be a peer-pod VM.
_SNP5 = _sizes(
    ("DC{}as_v5", _TO_96),
    ("DC{}ads_v5", _TO_96),
    ("EC{}as_v5", (*_TO_96, 20)),
    ("EC{}ads_v5", (*_TO_96, 20)),
)
_SNP6 = _sizes(("DC{}as_v6", _TO_96), ("DC{}ads_v6", _TO_96), ("EC{}as_v6", _TO_96), ("EC{}ads_v6", _TO_96))
_TDX5 = _sizes(
    ("DC{}es_v5", _TO_128), ("DC{}eds_v5", _TO_128), ("EC{}es_v5", _TO_128), ("EC{}eds_v5", _TO_128)
)
_EC_TDX6 = (2, 4, 8, 16, 32, 48, 64, 128)
_TDX6 = _sizes(
    ("DC{}es_v6", _TO_128), ("DC{}eds_v6", _TO_128), ("EC{}es_v6", _EC_TDX6), ("EC{}eds_v6", _EC_TDX6)
)

CONFIDENTIAL = _SNP5 | _SNP6 | _TDX5 | _TDX6

REGIONS: dict[str, frozenset[str]] = {
    "centralindia": _SNP5 | _SNP6,
    "centralus": _SNP5 | _SNP6 | _TDX5,
    "eastasia": _SNP5 | _SNP6,
    "eastus": _SNP5 | _SNP6 | _TDX6,
    "eastus2": _SNP5 | _SNP6 | _TDX5,
    "germanywestcentral": _SNP5 | _SNP6,
    "indonesiacentral": _SNP5,
    "italynorth": _SNP5 | _SNP6,
    "japaneast": _SNP5 | _SNP6,
    "northeurope": _SNP5 | _SNP6 | _TDX5,
    "southeastasia": _SNP5 | _SNP6,
    "switzerlandnorth": _SNP5 | _SNP6,
    "uaenorth": _SNP5 | _SNP6,
    "uksouth": _SNP5 | _SNP6,
    "westeurope": _SNP5 | _SNP6 | _TDX5 | _TDX6,
    "westus": _SNP5 | _SNP6 | _TDX6,
    "westus3": _SNP6 | _TDX6,
    **dict.fromkeys(
        [
            "australiacentral",
            "australiacentral2",
            "australiaeast",
            "australiasoutheast",
            "austriaeast",
            "brazilsouth",
            "brazilsoutheast",
            "canadacentral",
            "canadaeast",
            "chilecentral",
            "francecentral",
            "francesouth",
            "germanynorth",
            "israelcentral",
            "japanwest",
            "jioindiacentral",
            "jioindiawest",
            "koreacentral",
            "koreasouth",
            "malaysiawest",
            "mexicocentral",
            "newzealandnorth",
            "northcentralus",
            "norwayeast",
            "norwaywest",
            "polandcentral",
            "qatarcentral",
            "southafricanorth",
            "southafricawest",
            "southcentralus",
            "southindia",
            "spaincentral",
            "swedencentral",
            "swedensouth",
            "switzerlandwest",
            "uaecentral",
            "ukwest",
            "westcentralus",
            "westindia",
            "westus2",
        ],
        frozenset[str](),
    ),
}


def tee_of(size: str) -> Tee | None:
    """The kind of confidential VM that `size` is; None for an ordinary one."""
    if size in _SNP5 | _SNP6:
        return Tee.SNP
    return Tee.TDX if size in _TDX5 | _TDX6 else None


# ARO's own lists: ARO-RP, pkg/api/validate/vm.go, of August 2026. None of these sizes is confidential.
_ARO_V6_CONTROL_PLANE = _sizes(*((f"D{{}}{kind}_v6", (4, 8, 16, 32, 48, 64, 96)) for kind in ("s", "ds")))
_ARO_V6_WORKERS = _ARO_V6_CONTROL_PLANE | _sizes(
    *((f"D{{}}{kind}_v6", (4, 8, 16, 32, 48, 64, 96)) for kind in ("ls", "lds"))
)
_ARO_L4 = _sizes(("L{}s_v4", (4, 8, 16, 32, 48, 64, 80)))
_ARO_BIG = _sizes(
    *((f"E{{}}{kind}", (8, 16, 20, 32, 48, 64, 96)) for kind in ("s_v5", "as_v5")),
    ("E{}as_v4", (4, 8, 16, 20, 32, 48, 64, 96)),
    ("E{}s_v4", (8, 16, 20, 32, 48, 64)),
    ("E{}s_v3", (8, 16, 32)),
    ("E{}is_v3", (64,)),
    ("E{}is_v4", (80,)),
    ("E{}ids_v4", (80,)),
    ("E{}is_v5", (104,)),
    ("E{}ids_v5", (104,)),
    ("F{}s_v2", (72,)),
    ("M{}ms", (128,)),
)
ARO_NEEDS_4_19 = _ARO_V6_WORKERS | _ARO_L4
ARO_CONTROL_PLANE = (
    _sizes(*((f"D{{}}{kind}", (8, 16, 32)) for kind in ("s_v3", "s_v4", "s_v5", "as_v4", "as_v5", "ds_v5")))
    | _ARO_BIG
    | _ARO_V6_CONTROL_PLANE
)
ARO_WORKERS = (
    _sizes(
        *((f"D{{}}{kind}", (4, 8, 16, 32, 64, 96)) for kind in ("s_v5", "as_v4", "as_v5", "ds_v5")),
        ("D{}s_v3", (4, 8, 16, 32)),
        ("D{}s_v4", (4, 8, 16, 32, 64)),
        ("E{}s_v3", (4,)),
        ("E{}s_v4", (2, 4)),
        ("E{}s_v5", (2, 4)),
        ("F{}s_v2", (4, 8, 16, 32)),
        ("L{}s", (4, 8, 16, 32)),
        ("L{}s_v2", (8, 16, 32, 48, 64)),
        ("L{}s_v3", (8, 16, 32, 48, 64)),
        ("NC{}as_T4_v3", (4, 8, 16, 64)),
        ("NC{}s_v3", (6, 12, 24)),
        ("NC{}rs_v3", (24,)),
    )
    | _ARO_BIG
    | _ARO_V6_WORKERS
    | _ARO_L4
)
