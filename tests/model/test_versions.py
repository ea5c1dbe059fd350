import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import versions
from model.trustee import documents
from model.versions import Version


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
    assert versions.pair(osc=Version(osc), trustee=Version(trustee)) is fits


@pytest.mark.parametrize(
    ("osc", "kata", "rego", "digested"),
    [
        ("1.11.1", "3.23", "v0", False),
        ("1.12.0", "3.25", "v0", False),
        ("1.13.1", "3.31", "v1", True),
        ("1.14.0", "3.31", "v1", True),
        ("1.2.0", "3.23", "v0", False),
    ],
)
def test_an_osc_version_has_the_agent_of_its_release_line(
    osc: str, kata: str, rego: str, digested: bool
) -> None:
    found = versions.agent(Version(osc))
    assert (found.kata, found.rego, found.digested_copies) == (kata, rego, digested)


def test_every_osc_version_that_is_known_has_an_agent() -> None:
    assert set(versions.AGENT_OF_OSC) == set(versions.TRUSTEE_OF_OSC)


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
    assert versions.attests(osc=Version(osc), trustee=Version(trustee)) is judged


def test_trustee_documents_exist_for_every_version_that_pairs() -> None:
    for trustee in versions.TRUSTEE_OF_OSC.values():
        assert documents.layout(trustee)


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
    assert versions.oldest_openshift(osc=Version(osc), openshift=Version(openshift)) == oldest


@given(st.tuples(*[st.integers(0, 999)] * 3))
def test_a_version_is_its_text_and_its_three_numbers(numbers: tuple[int, int, int]) -> None:
    text = ".".join(map(str, numbers))
    version = Version(text)
    assert version == text
    assert json.dumps([version, version.minor]) == f'["{text}", "{numbers[0]}.{numbers[1]}"]'
    assert version.numbers == numbers


@pytest.mark.parametrize("text", ["1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3\n", "1.2.x", "", "1.2.-3"])
def test_what_is_no_full_version_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a full version of three numbers"):
        Version(text)
