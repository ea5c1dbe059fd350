"""VM sizes: which are confidential, which of these a region offers, and which ARO takes. Pure data, as of `AS_OF`.

`REGIONS` follows Azure's retail price list (https://prices.azure.com/api/retail/prices, of 2026-06-18): a region without
a price for a size does not have it. It is narrower in one place: the list prices v6 of SEV-SNP almost everywhere, so that
one is taken as offered only where another confidential generation is sold as well. What a subscription may really use is
what `az vm list-skus --location <region> --size Standard_DC --all` prints; the config key azure.vmSizesOffered carries
that answer where this table is out of date. To refresh it, read the price list again and move the date.
"""

from dataclasses import dataclass
from enum import StrEnum

AS_OF = "2026-06-18"


class Tee(StrEnum):
    """A kind of confidential VM, named as Trustee names the evidence that its vTPM gives."""

    SNP = "az-snp-vtpm"
    TDX = "az-tdx-vtpm"


def _sizes(*rows: tuple[str, tuple[int, ...]]) -> frozenset[str]:
    return frozenset(f"Standard_{form.format(vcpus)}" for form, each in rows for vcpus in each)


@dataclass(frozen=True, kw_only=True)
class Family:
    """Confidential sizes of one kind: ``name`` is Microsoft's, ``form`` that of a size, with {} for its vCPUs.

    ``memory``: GiB for each vCPU. ``quota``: the name under which Azure counts vCPUs, as `az vm list-usage` has it; None where no
    document was found that says it. All have secure boot and a vTPM, which a confidential VM cannot do without.
    """

    name: str
    form: str
    tee: Tee
    memory: int
    quota: str | None
    vcpus: tuple[int, ...]

    @property
    def sizes(self) -> frozenset[str]:
        return _sizes((self.form, self.vcpus))


_TO_96 = (2, 4, 8, 16, 32, 48, 64, 96)
_TO_128 = (*_TO_96, 128)
_EC_TDX6 = (2, 4, 8, 16, 32, 48, 64, 128)
# The child-capable DC..as_cc_v5 sizes are for nested AKS nodes and cannot be a peer-pod VM.
FAMILIES: tuple[Family, ...] = tuple(
    Family(name=name, form=form, tee=tee, memory=memory, quota=quota, vcpus=vcpus)
    for name, form, tee, memory, quota, vcpus in (
        ("DCasv5", "DC{}as_v5", Tee.SNP, 4, "standardDCASv5Family", _TO_96),
        ("DCadsv5", "DC{}ads_v5", Tee.SNP, 4, "standardDCADSv5Family", _TO_96),
        ("ECasv5", "EC{}as_v5", Tee.SNP, 8, "standardECASv5Family", (*_TO_96, 20)),
        ("ECadsv5", "EC{}ads_v5", Tee.SNP, 8, "standardECADSv5Family", (*_TO_96, 20)),
        ("DCasv6", "DC{}as_v6", Tee.SNP, 4, "standardDCasv6Family", _TO_96),
        ("DCadsv6", "DC{}ads_v6", Tee.SNP, 4, "standardDCadsv6Family", _TO_96),
        ("ECasv6", "EC{}as_v6", Tee.SNP, 8, "standardECasv6Family", _TO_96),
        ("ECadsv6", "EC{}ads_v6", Tee.SNP, 8, None, _TO_96),
        ("DCesv5", "DC{}es_v5", Tee.TDX, 4, "standardDCEV5Family", _TO_128),
        ("DCedsv5", "DC{}eds_v5", Tee.TDX, 4, "standardDCEDV5Family", _TO_128),
        ("ECesv5", "EC{}es_v5", Tee.TDX, 8, None, _TO_128),
        ("ECedsv5", "EC{}eds_v5", Tee.TDX, 8, None, _TO_128),
        ("DCesv6", "DC{}es_v6", Tee.TDX, 4, "standardDCEV6Family", _TO_128),
        ("DCedsv6", "DC{}eds_v6", Tee.TDX, 4, "standardDCEDV6Family", _TO_128),
        ("ECesv6", "EC{}es_v6", Tee.TDX, 8, None, _EC_TDX6),
        ("ECedsv6", "EC{}eds_v6", Tee.TDX, 8, None, _EC_TDX6),
    )
)
_OF_SIZE = {size: family for family in FAMILIES for size in family.sizes}
CONFIDENTIAL = frozenset(_OF_SIZE)


def _generation(tee: Tee, version: str) -> frozenset[str]:
    return frozenset(
        size for size, family in _OF_SIZE.items() if family.tee is tee and size.endswith(version)
    )


_SNP5, _SNP6 = _generation(Tee.SNP, "_v5"), _generation(Tee.SNP, "_v6")
_TDX5, _TDX6 = _generation(Tee.TDX, "_v5"), _generation(Tee.TDX, "_v6")

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


def family_of(size: str) -> Family | None:
    """The family of a confidential size; None for an ordinary one."""
    return _OF_SIZE.get(size)


def tee_of(size: str) -> Tee | None:
    """The kind of confidential VM that `size` is; None for an ordinary one."""
    family = family_of(size)
    return family.tee if family else None


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
