"""`make pin` against a real registry, with images that the test pushes as any client does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from model.workloads import lock
from sandbox import registry
from sandbox.tests.integration.registries import PushClient, plain_registry, program, real
from tests.tools import oci
from tests.tools.oci import Person

ROOT = Path(__file__).parents[3]
# bcrypt of oci.PASSWORD, the only kind of hash that the registry takes
HTPASSWD = f"{oci.USER}:$2b$04$UCUa2UNjdcvy4Ka.wun9MebU3hp41aZD4XNc8h587R.ChTxjP3u1q\n"

pytestmark = pytest.mark.integration
__all__ = ["program"]


@pytest.fixture
def someone(tmp_path: Path) -> Person:
    return oci.person(tmp_path)


@pytest.fixture
def secure(program: Path, tmp_path: Path, someone: Person) -> Iterator[PushClient]:
    """With TLS of an authority of its own, and a password."""
    pem, users = tmp_path / "registry.pem", tmp_path / "htpasswd"
    authority = oci.loopback_certificate(pem)
    users.write_text(HTPASSWD)
    settings = {
        "http": {"tls": {"certificate": str(pem), "key": str(pem)}},
        "auth": {"htpasswd": {"realm": "test", "path": str(users)}},
    }
    with registry.serve(program, tmp_path / "registry", settings) as address, requests.Session() as session:
        trusted = someone.configure(f"certs.d/{address}/ca.crt", authority)
        session.trust_env = False  # else $REQUESTS_CA_BUNDLE would win over what is said here
        session.verify = str(trusted)
        session.auth = (oci.USER, oci.PASSWORD)
        yield PushClient(f"https://{address}/v2/team/web", session)


@pytest.fixture
def plain(program: Path, tmp_path: Path) -> Iterator[PushClient]:
    with plain_registry(program, tmp_path / "plain", "team/web") as client:
        yield client


def pin(someone: Person, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As `make pin` runs it, in a checkout that holds only the workload of `someone`."""
    script = (
        "import sys, pathlib; from tools.pin.__main__ import main; "
        "sys.exit(main(sys.argv[2:], pathlib.Path(sys.argv[1])))"
    )
    return subprocess.run(
        [sys.executable, "-c", script, str(someone.root), "web", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **someone.environment},
        capture_output=True,
        text=True,
        check=False,
    )


def locked(someone: Person) -> dict[str, dict[str, object]]:
    return {name: each.settings for name, each in lock.read(someone.lock.read_text()).images.items()}


def test_tags_digests_and_indexes_of_a_private_registry_are_pinned(
    secure: PushClient, someone: Person
) -> None:
    amd, arm = real(oci.SETTINGS), real({"Cmd": ["arm"]}, "arm64")
    secure.push(amd, "1")
    secure.push(arm)
    both = oci.index(("arm64", arm), ("amd64", amd))
    secure.manifest(both, oci.INDEX, "2")
    address = secure.address

    someone.write_manifest(f"{address}/team/web:1")
    refused = pin(someone)
    assert refused.returncode == 2
    assert f"run podman login {address}" in refused.stderr
    someone.log_in(address)

    for version, digest in ((":1", amd.manifest), (":2", both), (f"@{oci.digest(both)}", both)):
        someone.write_manifest(f"{address}/team/web{version}")
        done = pin(someone)
        assert done.returncode == 0, done.stderr
        assert locked(someone) == {
            f"{address}/team/web{version}": {"digest": oci.digest(digest), **oci.LOCKED}
        }
        assert oci.PASSWORD not in done.stdout + done.stderr + someone.lock.read_text()

    assert pin(someone, "--check").returncode == 0
    someone.write_manifest(f"{address}/team/web:none")
    gone = pin(someone)
    assert gone.returncode == 2
    assert f"{address}/team/web:none is not there" in gone.stderr


def test_a_mirror_answers_for_a_registry_that_cannot_be_reached(plain: PushClient, someone: Person) -> None:
    plain.push(real(oci.SETTINGS), "1")
    address = plain.address
    someone.configure(
        "registries.conf",
        f"""
        [[registry]]
        location = "registry.invalid"
        [[registry.mirror]]
        location = "{address}"
        insecure = true
        """,
    )
    someone.write_manifest("registry.invalid/team/web:1")
    done = pin(someone)
    assert done.returncode == 0, done.stderr
    image = lock.read(someone.lock.read_text()).images["registry.invalid/team/web:1"]
    assert image.read_from == f"{address}/team/web"


def test_content_that_was_changed_in_the_registrys_storage_is_noticed(
    plain: PushClient, someone: Person, tmp_path: Path
) -> None:
    made = real(oci.SETTINGS)
    plain.push(made, "1")
    config = oci.digest(made.blobs[0]).removeprefix("sha256:")
    (stored,) = (tmp_path / "plain").rglob(f"{config}/data")
    stored.write_bytes(made.blobs[0].replace(b"serve", b"sever"))
    someone.plain_http(plain.address)
    someone.write_manifest(f"{plain.address}/team/web:1")
    done = pin(someone)
    assert done.returncode == 2
    assert f"expected digest sha256:{config}" in done.stderr
    assert not someone.lock.exists()


def test_a_certificate_of_an_unknown_authority_is_refused(secure: PushClient, someone: Person) -> None:
    address = secure.address
    (someone.root / f"home/.config/containers/certs.d/{address}/ca.crt").unlink()
    someone.log_in(address)
    someone.write_manifest(f"{address}/team/web:1")
    done = pin(someone)
    assert done.returncode == 2
    assert f"the certificate of {address} is not trusted" in done.stderr
