import pytest

from model import versions
from model.trustee import documents


@pytest.mark.parametrize(
    ("osc", "trustee", "fits"),
    [
        ("1.13.1", "1.2.1", True),
        ("1.13.0", "1.2.0", True),
        ("1.12.1", "1.1.0", True),
        ("1.12.1", "1.2.1", False),
        ("1.13.1", "1.1.0", False),
        ("1.14.0", "1.2.1", False),
    ],
)
def test_versions_pair_by_release_line(osc: str, trustee: str, fits: bool) -> None:
    assert versions.pair(osc=osc, trustee=trustee) is fits


@pytest.mark.parametrize(
    ("osc", "trustee", "judged"),
    [
        ("1.13.1", "1.2.1", True),
        ("1.12.1", "1.2.1", True),
        ("1.11.1", "1.2.1", False),
        ("1.13.1", "1.1.0", False),
        ("1.11.0", "1.0.0", True),
        ("1.14.0", "1.2.1", False),
        ("1.13.1", "1.3.0", False),
    ],
)
def test_trustee_judges_the_pods_it_pairs_with_and_those_before(osc: str, trustee: str, judged: bool) -> None:
    assert versions.attests(osc=osc, trustee=trustee) is judged


def test_trustee_documents_exist_for_every_version_that_pairs() -> None:
    for trustee in versions.TRUSTEE_OF_OSC.values():
        assert documents.layout(f"{trustee}.0")


@pytest.mark.parametrize(
    ("osc", "openshift", "oldest"),
    [
        ("1.13.1", "4.20.15", None),
        ("1.13.1", "4.20.6", None),
        ("1.13.1", "4.20.5", "4.20.6"),
        ("1.13.1", "4.19.28", None),
        ("1.13.1", "4.19.27", "4.19.28"),
        ("1.13.1", "4.18.40", "4.19.28"),
        ("1.11.0", "4.17.45", None),
        ("1.11.0", "4.16.60", "4.17.45"),
        ("1.13.1", "4.21.0", None),
        ("1.13.1", "5.0.0", None),
    ],
)
def test_openshift_is_new_enough_or_the_oldest_that_is_gets_named(
    osc: str, openshift: str, oldest: str | None
) -> None:
    assert versions.oldest_openshift(osc=osc, openshift=openshift) == oldest
