"""An image is read as the registry has it, verified; what is wrong is said in one sentence."""

import json
from collections.abc import Callable

import pytest

from tests.tools import oci
from tests.tools.oci import Fake, Person
from tests.tools.pin.reading import NOW, WEB, image, refusal


def test_an_image_is_locked_by_the_digest_of_its_manifest(plain: Fake, someone: Person) -> None:
    found = image(plain, someone)
    assert found.settings == {"digest": oci.digest(WEB.manifest), **oci.LOCKED}
    assert found.read_at == NOW
    assert found.read_from == f"{plain.address}/team/web"


def test_an_index_is_locked_by_its_own_digest_and_read_for_amd64(plain: Fake, someone: Person) -> None:
    arm, amd = oci.image({"Cmd": ["arm"]}, architecture="arm64"), oci.image({"Cmd": ["amd"]})
    plain.put(arm)
    plain.put(amd)
    body = oci.index(("arm64", arm), ("amd64", amd))
    plain.put_index(body, "2")
    found = image(plain, someone, ":2")
    assert (found.digest, found.command) == (oci.digest(body), ("amd",))
    assert image(plain, someone, f"@{oci.digest(body)}") == found
    assert image(plain, someone, f":gone@{oci.digest(body)}") == found


def test_an_image_may_set_nothing(plain: Fake, someone: Person) -> None:
    plain.put(oci.image(None), "empty")
    found = image(plain, someone, ":empty")
    assert found.entrypoint == found.command == found.environment == ()
    assert found.user == found.working_dir == found.stop_signal == ""


def wrong_content(fake: Fake) -> str:
    fake.manifests["1"] = (oci.MANIFEST, WEB.manifest)
    fake.headers["Docker-Content-Digest"] = "sha256:" + "00" * 32
    return ":1"


def wrong_manifest_of_digest(fake: Fake) -> str:
    name = "sha256:" + "00" * 32
    fake.manifests[name] = (oci.MANIFEST, WEB.manifest)
    return f"@{name}"


def wrong_config(fake: Fake) -> str:
    fake.blobs[oci.digest(WEB.blobs[0])] += b" "
    return ":1"


def wrong_entry_of_index(fake: Fake) -> str:
    fake.put_index(oci.index(("amd64", WEB)), "1")
    fake.manifests[oci.digest(WEB.manifest)] = (oci.MANIFEST, oci.image({}).manifest)
    return ":1"


def index_in_index(fake: Fake) -> str:
    inner = oci.index(("amd64", WEB))
    fake.put_index(inner)
    fake.put_index(oci.index(("amd64", oci.Image(inner, ()))), "1")
    return ":1"


def huge_config(fake: Fake) -> str:
    fake.put(oci.image({"Cmd": ["x" * 4_200_000]}), "1")
    return ":1"


def other_type(fake: Fake) -> str:
    fake.manifests["1"] = (
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        b'{"schemaVersion": 1}',
    )
    return ":1"


def lying_type(fake: Fake) -> str:
    fake.manifests["1"] = (oci.INDEX, WEB.manifest)
    return ":1"


def artifact(fake: Fake) -> str:
    fake.put(oci.image(kind="application/vnd.cncf.helm.config.v1+json"), "1")
    return ":1"


def arm_only(fake: Fake) -> str:
    fake.put(oci.image(architecture="arm64"), "1")
    return ":1"


def arm_index(fake: Fake) -> str:
    fake.put_index(oci.index(("arm64", WEB)), "1")
    return ":1"


def no_json(fake: Fake) -> str:
    fake.manifests["1"] = (oci.MANIFEST, b"<html>")
    return ":1"


def no_text(fake: Fake) -> str:
    fake.manifests["1"] = (oci.MANIFEST, b"\xff\xfe")
    return ":1"


def huge(fake: Fake) -> str:
    fake.manifests["1"] = (oci.MANIFEST, b'{"a": "' + b"x" * 4_200_000 + b'"}')
    return ":1"


def sha512(fake: Fake) -> str:
    manifest = json.loads(WEB.manifest)
    manifest["config"]["digest"] = "sha512:" + "0" * 128
    fake.manifests["1"] = (oci.MANIFEST, oci.encode(manifest))
    return ":1"


def bad_settings(fake: Fake) -> str:
    fake.put(oci.image({"Cmd": "a shell line"}), "1")
    return ":1"


def missing(_: Fake) -> str:
    return ":2"


def forbidden(fake: Fake) -> str:
    fake.status = 403
    return ":1"


def broken(fake: Fake) -> str:
    fake.status = 503
    return ":1"


def asks_to_log_in(fake: Fake) -> str:
    fake.auth = "basic"
    return ":1"


@pytest.mark.parametrize(
    ("prepare", "said", "fix"),
    [
        (wrong_content, "has other content", "do not use it"),
        (wrong_manifest_of_digest, "has other content", "do not use it"),
        (wrong_config, "expected digest", "do not use it"),
        (wrong_entry_of_index, "has other content", "do not use it"),
        (lying_type, "but says that it is", "do not use it"),
        (other_type, "is of the type application/vnd.docker.distribution.manifest.v1", "push it as an OCI image"),
        (index_in_index, "has an index entry of the type", "push it again"),
        (huge_config, "has a configuration of over", "do not use it"),
        (artifact, "is an artifact", "name another"),
        (arm_only, "is not for linux/amd64", "build it for that platform"),
        (arm_index, "has no image for linux/amd64", "build it for that platform"),
        (no_json, "no JSON mapping", "push it again"),
        (no_text, "in a way that no registry should", "report it"),
        (huge, "of usual size", "push it again"),
        (sha512, "something other than a SHA-256 digest", "push it again"),
        (bad_settings, "not as the OCI specification says", "build it again"),
        (missing, "is not there", "correct the name, or push"),
        (forbidden, "may not be read", "podman login"),
        (broken, "answers with status 503", "try again later"),
        (asks_to_log_in, "wants credentials over plain HTTP", "serve it with TLS"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_or_read_is_refused(
    plain: Fake, someone: Person, prepare: Callable[[Fake], str], said: str, fix: str
) -> None:
    text = refusal(plain, someone, prepare(plain))
    assert said in text
    assert fix in text
    assert plain.address in text
