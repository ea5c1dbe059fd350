"""Registries, mirrors and certificates are those that podman would use."""

from pathlib import Path

import pytest

from model.workloads.images import parse
from tests.tools import oci
from tests.tools.oci import Fake, Person
from tests.tools.pin.reading import NOW, WEB, image, refusal
from tools.pin.errors import PinError
from tools.pin.places import authorities, bundle, places
from tools.pin.registry import read


def test_a_registry_that_is_away_is_named(someone: Person) -> None:
    with oci.serving(Fake()) as gone:
        someone.plain_http(gone.address)
    text = refusal(gone, someone)
    assert f"{gone.address} cannot be reached" in text
    assert "check its name, the network and the proxy" in text


def test_an_authority_of_certs_d_is_trusted_and_no_other(secure: Fake, someone: Person) -> None:
    assert image(secure, someone).digest == oci.digest(WEB.manifest)
    (someone.root / f"home/.config/containers/certs.d/{secure.address}/ca.crt").unlink()
    text = refusal(secure, someone)
    assert f"the certificate of {secure.address} is not trusted" in text
    assert f"certs.d/{secure.address}/ca.crt" in text


def test_a_mirror_is_asked_first_and_the_registry_where_it_has_nothing(plain: Fake, someone: Person) -> None:
    with oci.serving(Fake()) as mirror:
        someone.configure(
            "registries.conf",
            f"""
            [[registry]]
            prefix = "registry.example.com/team"
            location = "{plain.address}/team"
            insecure = true
            [[registry.mirror]]
            location = "{mirror.address}/team"
            insecure = true
            """,
        )
        found = read("registry.example.com/team/web:1", NOW, someone.environment)
        assert found.read_from == f"{plain.address}/team/web"
        assert mirror.asked == ["/v2/team/web/manifests/1"]
        mirror.put(WEB, "1")
        found = read("registry.example.com/team/web:1", NOW, someone.environment)
        assert found.read_from == f"{mirror.address}/team/web"
        mirror.headers["Docker-Content-Digest"] = "sha256:" + "00" * 32
        with pytest.raises(PinError, match="has other content"):
            read("registry.example.com/team/web:1", NOW, someone.environment)


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [
        ("", "quay.io/a/b:1", ["quay.io/a/b"]),
        ("", "docker.io/nginx:1", ["docker.io/library/nginx"]),
        ('[[registry]]\nlocation="quay.io/a"', "quay.io/ab/c:1", ["quay.io/ab/c"]),
        ('[[registry]]\nprefix="*.io"\n[[registry.mirror]]\nlocation="m.example.com"', "quay.io/a:1", ["quay.io/a", "quay.io/a"]),
        ('[[registry]]\nlocation="quay.io"\n[[registry]]\nlocation="quay.io/a"\n[[registry.mirror]]\nlocation="m.example.com/x"', "quay.io/a/b:1", ["m.example.com/x/b", "quay.io/a/b"]),
        ('[[registry]]\nlocation="quay.io"\n[[registry.mirror]]\nlocation="m.example.com"\npull-from-mirror="digest-only"', "quay.io/a:1", ["quay.io/a"]),
        ('[[registry]]\nlocation="quay.io"\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation="m.example.com"', "quay.io/a:1", ["quay.io/a"]),
        ('[[registry]]\nlocation="quay.io"\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation="m.example.com"', "quay.io/a@sha256:" + "0" * 64, ["m.example.com/a", "quay.io/a"]),
    ],
)  # fmt: skip
def test_places_are_those_of_registries_conf(
    someone: Person, text: str, reference: str, expected: list[str]
) -> None:
    someone.configure("registries.conf", text)
    assert [place.repository for place in places(parse(reference), someone.environment)] == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[registry]]\nlocation="quay.io"\nblocked=true', "blocks quay.io/a"),
        ("registry = 1", "is no table"),
        ('registry = ["a"]', "is no table"),
        ("[[", "cannot be read: correct it"),
    ],
)
def test_a_bad_registries_conf_is_named(someone: Person, text: str, said: str) -> None:
    someone.configure("registries.conf", text)
    with pytest.raises(PinError, match=said):
        places(parse("quay.io/a:1"), someone.environment)


def test_drop_ins_and_a_named_file_count(someone: Person) -> None:
    mirror = '[[registry]]\nlocation="quay.io"\n[[registry.mirror]]\nlocation="m.example.com"\n'
    file = someone.configure("registries.conf.d/mirror.conf", mirror)
    assert len(places(parse("quay.io/a:1"), someone.environment)) == 2
    named = {**someone.environment, "CONTAINERS_REGISTRIES_CONF": str(file.parent / "none")}
    with pytest.raises(PinError, match="cannot be read"):
        places(parse("quay.io/a:1"), named)


def test_the_usual_certificates_can_be_named(someone: Person, tmp_path: Path) -> None:
    own = tmp_path / "bundle.pem"
    with pytest.raises(PinError, match=r"\$SSL_CERT_FILE names .*bundle.pem, which is no file"):
        bundle({"SSL_CERT_FILE": str(own)})
    own.write_text("x")
    assert bundle({"REQUESTS_CA_BUNDLE": str(own)}) == own
    assert authorities("quay.io", someone.environment) == []
