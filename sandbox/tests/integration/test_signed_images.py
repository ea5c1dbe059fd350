"""Images that the real cosign signs, in a real registry, under the image policy that a hub renders: what a guest pulls, and what not."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from model.paths import served
from model.policy import image_policy
from sandbox import cosign
from sandbox.guest.signatures import ImageRefused, check
from sandbox.tests.integration.registries import PushClient, plain_registry, program, real
from sandbox.tests.integration.servers import built
from tests.tools import oci

pytestmark = pytest.mark.integration
__all__ = ["program"]
KEY = served("cosign", "cosign.pub")
# As docs/workloads.md says: guests look for the form that cosign calls the old one.
FOR_GUESTS = ("--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false")


@dataclass(frozen=True)
class Signer:
    """The program, and the folder of one pair of keys."""

    cosign: Path
    keys: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.cosign), *arguments],
            cwd=self.keys,
            env={"PATH": os.environ["PATH"], "HOME": str(self.keys), "COSIGN_PASSWORD": ""},
            capture_output=True,
            text=True,
            check=False,
        )

    def make_keys(self) -> "Signer":
        self.keys.mkdir()
        done = self.run("generate-key-pair")
        assert done.returncode == 0, done.stderr
        return self

    def sign(self, image: str, *options: str) -> None:
        done = self.run("sign", "--yes", "--key", "cosign.key", "--allow-http-registry", *options, image)
        assert done.returncode == 0, done.stderr

    @property
    def public(self) -> str:
        return (self.keys / "cosign.pub").read_text()


@pytest.fixture(scope="module")
def cosign_program() -> Path:
    built(cosign.PROGRAMS)
    return cosign.PROGRAMS.folder / "cosign"


@pytest.fixture
def signer(cosign_program: Path, tmp_path: Path) -> Signer:
    return Signer(cosign_program, tmp_path / "keys").make_keys()


@pytest.fixture
def client(program: Path, tmp_path: Path) -> Iterator[PushClient]:
    with plain_registry(program, tmp_path / "registry", "team/web") as made:
        yield made


class Reader:
    """The registry as a guest reads it."""

    def __init__(self, client: PushClient) -> None:
        self.session = client.session

    def _get(self, repository: str, rest: str, accept: str) -> Any:
        host, _, path = repository.partition("/")
        return self.session.get(f"http://{host}/v2/{path}/{rest}", headers={"Accept": accept})

    def manifest(self, repository: str, name: str) -> Mapping[str, Any] | None:
        answer = self._get(repository, f"manifests/{name}", oci.MANIFEST)
        return json.loads(answer.content) if answer.status_code == 200 else None

    def blob(self, repository: str, digest: str) -> bytes:
        answer = self._get(repository, f"blobs/{digest}", "*/*")
        answer.raise_for_status()
        assert oci.digest(answer.content) == digest
        return answer.content


def pushed(client: PushClient) -> str:
    made = real(oci.SETTINGS)
    client.push(made)
    return f"{client.base.removeprefix('http://').replace('/v2/', '/')}@{oci.digest(made.manifest)}"


def refusal(client: PushClient, signer: Signer, image: str) -> str | None:
    """Why a guest does not pull the image, where the hub's policy wants signatures of this signer for team/."""
    assert image_policy.is_signing_key(signer.public)
    policy = image_policy.render({f"{client.address}/team": KEY})
    try:
        check(policy, image, {KEY.uri: signer.public}.__getitem__, Reader(client))
    except ImageRefused as error:
        return str(error)
    return None


def test_a_signed_image_is_pulled_and_an_unsigned_one_is_not(client: PushClient, signer: Signer) -> None:
    image = pushed(client)
    assert "has no signature" in str(refusal(client, signer, image))
    signer.sign(image, *FOR_GUESTS)
    assert refusal(client, signer, image) is None
    verified = signer.run(
        "verify",
        *("--key", "cosign.pub", "--allow-http-registry"),
        *("--new-bundle-format=false", "--insecure-ignore-tlog", image),
    )
    assert verified.returncode == 0, verified.stderr


def test_the_signature_of_another_key_is_not_enough(
    client: PushClient, signer: Signer, tmp_path: Path
) -> None:
    image = pushed(client)
    replace(signer, keys=tmp_path / "others").make_keys().sign(image, *FOR_GUESTS)
    assert "no signature of" in str(refusal(client, signer, image))


def test_a_signed_image_is_refused_under_the_name_of_another_repository(
    client: PushClient, signer: Signer
) -> None:
    image = pushed(client)
    signer.sign(image, *FOR_GUESTS)
    there = image.replace("team/web", "team/other")
    done = signer.run("copy", "--allow-http-registry", image, there.partition("@")[0])
    assert done.returncode == 0, done.stderr
    assert f"a signature is of {image.partition('@')[0]}" in str(refusal(client, signer, there))


def test_what_cosign_does_by_itself_is_no_signature_to_a_guest(client: PushClient, signer: Signer) -> None:
    """A bundle that refers to the image (OCI referrers). Once guests read it, the documentation changes with this test."""
    image = pushed(client)
    signer.sign(image, "--use-signing-config=false", "--tlog-upload=false")
    assert "has no signature under the tag that guests look for" in str(refusal(client, signer, image))
