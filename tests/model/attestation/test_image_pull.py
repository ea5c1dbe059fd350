"""How the guest is told to pull images: what is written reads back, and only what names a KBS resource is written."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.attestation.image_pull import ImagePull, ImagePullError

URIS = st.none() | st.from_regex(r"kbs:///[a-z]{1,8}/[a-z-]{1,8}/[a-z.]{1,8}", fullmatch=True)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(
    st.builds(
        ImagePull,
        image_policy_uri=URIS,
        registry_credentials_uri=URIS,
        registry_configuration_uri=URIS,
        extra_root_certificates=st.lists(TEXTS.filter(bool), max_size=2).map(tuple),
        https_proxy=TEXTS,
        http_proxy=TEXTS,
        no_proxy=TEXTS,
    )
)
def test_what_is_written_is_what_the_guest_reads(pull: ImagePull) -> None:
    assert ImagePull.read(tomllib.loads(pull.toml())) == pull


def test_the_keys_are_those_of_image_rs() -> None:
    pull = ImagePull(
        image_policy_uri="kbs:///default/a/b",
        registry_credentials_uri="kbs:///default/c/d",
        registry_configuration_uri="kbs:///default/e/f",
        extra_root_certificates=("PEM",),
        https_proxy="http://proxy:3128",
        no_proxy="10.0.0.0/8",
    )
    assert tomllib.loads(pull.toml()) == {
        "image": {
            "image_security_policy_uri": "kbs:///default/a/b",
            "authenticated_registry_credentials_uri": "kbs:///default/c/d",
            "registry_configuration_uri": "kbs:///default/e/f",
            "extra_root_certificates": ["PEM"],
            "image_pull_proxy": {"https_proxy": "http://proxy:3128", "no_proxy": "10.0.0.0/8"},
        }
    }


def test_nothing_is_written_where_nothing_is_set() -> None:
    assert ImagePull().toml() == ""


@pytest.mark.parametrize(
    "field", ["image_policy_uri", "registry_credentials_uri", "registry_configuration_uri"]
)
@pytest.mark.parametrize("uri", ["https://example.com/a", "kbs:///default/only-two", 'kbs:///a/b/c"\nx = "'])
def test_what_is_no_resource_is_refused(field: str, uri: str) -> None:
    with pytest.raises(ImagePullError, match="is no KBS resource"):
        replace(ImagePull(), **{field: uri}).toml()


@pytest.mark.parametrize(
    "cdh",
    [
        {"image": "text"},
        {"image": {"image_pull_proxy": 1}},
        {"image": {"extra_root_certificates": "PEM"}},
        {"image": {"image_security_policy_uri": 5}},
        {"image": {"image_security_policy_uri": ""}},
    ],
)
def test_what_the_guest_could_not_read_is_refused(cdh: dict[str, object]) -> None:
    with pytest.raises(ImagePullError, match=r"of the cdh\.toml"):
        ImagePull.read(cdh)
