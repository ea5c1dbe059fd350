from pathlib import Path

import pytest

from model.azure import vm_sizes
from model.azure.vm_sizes import Tee, family_of, tee_of
from model.trustee import documents


@pytest.mark.parametrize(
    ("size", "tee"),
    [
        ("Standard_DC2as_v5", Tee.SNP),
        ("Standard_DC96ads_v5", Tee.SNP),
        ("Standard_EC20as_v5", Tee.SNP),
        ("Standard_EC4as_v6", Tee.SNP),
        ("Standard_DC2es_v5", Tee.TDX),
        ("Standard_DC128eds_v6", Tee.TDX),
        ("Standard_D4s_v5", None),
        ("Standard_D4as_v5", None),
        ("Standard_DC2s_v3", None),  # SGX enclaves, not a confidential VM
        ("Standard_DC4as_cc_v5", None),  # for nested AKS nodes
        ("Standard_DC3as_v5", None),  # no such size
        ("standard_dc2as_v5", None),
    ],
)
def test_only_snp_and_tdx_sizes_are_confidential(size: str, tee: Tee | None) -> None:
    assert tee_of(size) is tee


def test_each_size_is_of_one_family_which_says_what_it_is() -> None:
    families = vm_sizes.FAMILIES
    assert sum(len(family.sizes) for family in families) == len(vm_sizes.CONFIDENTIAL)
    for family in families:
        generation = family.name[-2:]
        assert all(size.endswith(f"_{generation}") for size in family.sizes)
        assert ("es" in family.name or "eds" in family.name) == (family.tee is Tee.TDX)
        assert family.memory == (8 if family.name.startswith("EC") else 4)
        assert family.sizes == {size for size in vm_sizes.CONFIDENTIAL if family_of(size) is family}


def test_no_two_families_are_counted_under_one_quota() -> None:
    known = [family.quota for family in vm_sizes.FAMILIES if family.quota]
    assert len(set(known)) == len(known)
    found = family_of("Standard_DC2as_v5")
    assert found
    assert (found.quota, found.tee, found.memory) == ("standardDCASv5Family", Tee.SNP, 4)


def test_the_page_about_clusters_says_the_same() -> None:
    page = (Path(__file__).parents[3] / "docs/clusters.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if "`Standard_" in line and line.startswith("| ")]
    assert [(row[0].removeprefix("| "), row[2], row[4]) for row in rows] == [
        (family.name, str(family.tee), str(family.memory)) for family in vm_sizes.FAMILIES
    ]
    for row, family in zip(rows, vm_sizes.FAMILIES, strict=True):
        assert row[1].strip("`") in family.sizes
        assert row[3] == f"{min(family.vcpus)} to {max(family.vcpus)}"
        assert (f"`{family.quota}`" if family.quota else "az vm list-usage") in row[5]


def test_a_region_offers_confidential_sizes_only() -> None:
    for region, sizes in vm_sizes.REGIONS.items():
        assert sizes <= vm_sizes.CONFIDENTIAL, region


def test_no_node_of_aro_can_be_confidential() -> None:
    assert not (vm_sizes.ARO_CONTROL_PLANE | vm_sizes.ARO_WORKERS) & vm_sizes.CONFIDENTIAL


def test_the_regions_that_facts_are_known_of() -> None:
    assert "Standard_DC2as_v5" in vm_sizes.REGIONS["eastus"]
    assert "Standard_DC2es_v5" not in vm_sizes.REGIONS["eastus"]
    assert {"Standard_DC2es_v5", "Standard_DC2as_v5"} <= vm_sizes.REGIONS["westeurope"]
    assert vm_sizes.REGIONS["newzealandnorth"] == frozenset()


def test_aro_takes_its_own_defaults() -> None:
    assert "Standard_D8s_v5" in vm_sizes.ARO_CONTROL_PLANE
    assert "Standard_D4s_v5" in vm_sizes.ARO_WORKERS - vm_sizes.ARO_CONTROL_PLANE


def test_trustee_knows_the_evidence_of_every_kind_of_vm() -> None:
    layout = documents.layout("1.2")
    assert all(layout.claim_root(tee) for tee in Tee)
