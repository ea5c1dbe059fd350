"""A person with settings of their own, and registries on loopback that hold team/web:1."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import oci
from tests.tools.oci import Fake, Person
from tests.tools.pin.reading import WEB


@pytest.fixture
def someone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    person = oci.person(tmp_path)
    for name in (
        "REGISTRY_AUTH_FILE",
        "XDG_CONFIG_HOME",
        "DOCKER_CONFIG",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in person.environment.items():
        monkeypatch.setenv(name, value)
    return person


@pytest.fixture
def plain(someone: Person) -> Iterator[Fake]:
    """Over plain HTTP, as registries.conf says."""
    with oci.serving(Fake()) as fake:
        fake.put(WEB, "1")
        someone.plain_http(fake.address)
        someone.write_manifest(f"{fake.address}/team/web:1")
        yield fake


@pytest.fixture
def secure(someone: Person, tmp_path: Path) -> Iterator[Fake]:
    """With a certificate that only certs.d knows."""
    pem = tmp_path / "registry.pem"
    trusted = oci.loopback_certificate(pem)
    with oci.serving(Fake(), pem) as fake:
        fake.put(WEB, "1")
        someone.configure(f"certs.d/{fake.address}/ca.crt", trusted)
        someone.write_manifest(f"{fake.address}/team/web:1")
        yield fake
