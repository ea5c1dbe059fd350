"""`make pin` writes what the registry says about an image, verified, and says in one sentence why it cannot."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from model.workloads import lock
from model.workloads.images import parse
from model.workloads.lock import Lock, LockedImage
from tests.tools import oci
from tests.tools.oci import Fake, Person
from tools.pin import credentials
from tools.pin.__main__ import main
from tools.pin.credentials import Credentials
from tools.pin.errors import PinError
from tools.pin.places import authorities, bundle, places
from tools.pin.registry import read

NOW = datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)
WEB = oci.image()


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


def image(fake: Fake, someone: Person, version: str = ":1") -> LockedImage:
    return read(f"{fake.address}/team/web{version}", NOW, someone.environment)


def refusal(fake: Fake, someone: Person, version: str = ":1") -> str:
    with pytest.raises(PinError) as caught:
        image(fake, someone, version)
    text = str(caught.value)
    assert "canary" not in text
    assert "\n" not in text
    return text


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
        (index_in_index, "has an index entry of the type", "push it anew"),
        (huge_config, "has a configuration of over", "do not use it"),
        (artifact, "is an artifact", "name another"),
        (arm_only, "is not for linux/amd64", "build it for that platform"),
        (arm_index, "has no image for linux/amd64", "build it for that platform"),
        (no_json, "no JSON mapping", "push it anew"),
        (no_text, "in a way that no registry should", "report it"),
        (huge, "of usual size", "push it anew"),
        (sha512, "something else than a SHA-256 digest", "push it anew"),
        (bad_settings, "not as the OCI specification says", "build it anew"),
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


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_credentials_are_found_and_never_shown(secure: Fake, someone: Person, auth: str) -> None:
    secure.auth = auth
    assert "may not be read with the credentials" in refusal(secure, someone)
    someone.log_in(secure.address, password="other-canary")
    assert f"run podman login {secure.address}" in refusal(secure, someone)
    someone.log_in(f"{secure.address}/team")
    assert image(secure, someone).digest == oci.digest(WEB.manifest)


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


def auth(value: str) -> dict[str, str]:
    return {"auth": base64.b64encode(value.encode()).decode()}


def files(tmp_path: Path, **contents: Any) -> dict[str, str]:
    """An environment in which podman's, docker's and a named file hold what is given."""
    known = {"podman": "config/containers/auth.json", "docker": "docker/config.json", "runtime": "run/containers/auth.json", "named": "named.json"}  # fmt: skip
    for name, content in contents.items():
        file = tmp_path / known[name]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_RUNTIME_DIR": str(tmp_path / "run"), "DOCKER_CONFIG": str(tmp_path / "docker")}  # fmt: skip
    return environment | ({"REGISTRY_AUTH_FILE": str(tmp_path / "named.json")} if "named" in contents else {})


@pytest.mark.parametrize(
    ("contents", "repository", "user"),
    [
        ({"podman": {"auths": {"quay.io": auth("a:1")}}}, "quay.io/x", "a"),
        ({"podman": {"auths": {"quay.io": auth("a:1"), "quay.io/x": auth("b:1"), "quay.io/x/y": auth("c:1")}}}, "quay.io/x/y/z", "c"),
        ({"podman": {"auths": {"quay.io/xy": auth("a:1")}}}, "quay.io/x", None),
        ({"docker": {"auths": {"https://index.docker.io/v1/": auth("a:1")}}}, "docker.io/library/x", "a"),
        ({"docker": {"auths": {"https://quay.io/v2/": auth("a:1")}}}, "quay.io/x", "a"),
        ({"docker": {"auths": {"quay.io": auth("a:1")}}, "podman": {"auths": {"quay.io": auth("b:1")}}}, "quay.io/x", "b"),
        ({"podman": {"auths": {"quay.io": auth("b:1")}}, "runtime": {"auths": {"quay.io": auth("c:1")}}}, "quay.io/x", "c"),
        ({"podman": {"auths": {"quay.io": auth("b:1")}}, "named": {"auths": {}}}, "quay.io/x", None),
        ({"podman": {"auths": {"quay.io": {}}}}, "quay.io/x", None),
        ({}, "quay.io/x", None),
    ],
)  # fmt: skip
def test_credentials_are_those_that_podman_would_take(
    tmp_path: Path, contents: dict[str, Any], repository: str, user: str | None
) -> None:
    found = credentials.find(repository, files(tmp_path, **contents))
    assert found == (None if user is None else Credentials(user, "1"))
    assert found is None or "1" not in repr(found)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as a file of credentials"),
        ("[]", "cannot be read as a file of credentials"),
        ({"auths": {"quay.io": {"auth": "hunter2-canary!"}}}, "is not base64 of user:password"),
        ({"auths": {"quay.io": auth("canary")}}, "is not base64 of user:password"),
        (
            {"auths": {"quay.io": {"identitytoken": "canary"}}},
            "identity token for quay.io, which is not supported",
        ),
        (
            {"credHelpers": {"quay.io": "gone"}},
            "docker-credential-gone, which keeps the credentials, is not on PATH",
        ),
    ],
)
def test_bad_credentials_are_named_and_not_shown(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(PinError) as caught:
        credentials.find("quay.io/x", files(tmp_path, podman=content))
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(PinError, match=r"\$REGISTRY_AUTH_FILE names .*, which is no file"):
        credentials.find("quay.io/x", {"REGISTRY_AUTH_FILE": str(tmp_path / "none")})


HELPERS = {
    "good": ("""read host; echo "{\\"Username\\": \\"$host\\", \\"Secret\\": \\"1\\"}" """, "https://index.docker.io/v1/"),
    "none": ("echo 'credentials not found in native keychain'; exit 1", None),
    "odd": ("echo canary", PinError),
    "bad": ("echo canary >&2; exit 1", PinError),
}  # fmt: skip


@pytest.mark.parametrize("name", HELPERS)
@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_credential_helper_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, key: str
) -> None:
    script, expected = HELPERS[name]
    program = tmp_path / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    content = {key: name if key == "credsStore" else {"docker.io": name}}
    environment = files(tmp_path, docker=content)
    if expected is PinError:
        with pytest.raises(PinError, match="gives no credentials for docker") as caught:
            credentials.find("docker.io/library/x", environment)
        assert "canary" not in str(caught.value)
        return
    found = credentials.find("docker.io/library/x", environment)
    assert (found and found.username) == expected


def test_the_lock_is_written_with_a_diff_and_stays_while_nothing_changes(
    plain: Fake, someone: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["web"], someone.root) == 0
    said = capsys.readouterr().out
    assert f"+    digest: {oci.digest(WEB.manifest)}\n" in said
    assert "workloads/web/images.lock.yaml is written." in said
    reference = f"{plain.address}/team/web:1"
    written = lock.read(someone.lock.read_text()).images[reference]
    assert written.settings == {"digest": oci.digest(WEB.manifest), **oci.LOCKED}
    older = written.model_copy(update={"read_at": NOW, "read_from": "elsewhere"})
    text = lock.render(Lock(images={reference: older}))
    someone.lock.write_text(text)
    for arguments in (["web"], ["web", "--check"]):
        assert main(arguments, someone.root) == 0
        assert capsys.readouterr().out == "workloads/web/images.lock.yaml is up to date.\n"
        assert someone.lock.read_text() == text


def test_a_tag_that_moved_is_shown_and_with_check_not_written(
    plain: Fake, someone: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["web"], someone.root) == 0
    before = someone.lock.read_text()
    moved = oci.image(oci.SETTINGS | {"Cmd": ["other"]})
    plain.put(moved, "1")
    capsys.readouterr()
    assert main(["web", "--check"], someone.root) == 1
    said = capsys.readouterr().out
    assert f"-    digest: {oci.digest(WEB.manifest)}\n+    digest: {oci.digest(moved.manifest)}\n" in said
    assert "-    - serve\n-    - --all\n+    - other\n" in said
    assert "differs: run make pin WORKLOAD=web" in said
    assert someone.lock.read_text() == before
    assert main(["web"], someone.root) == 0
    assert oci.digest(moved.manifest) in someone.lock.read_text()


def test_an_entry_that_a_person_wrote_is_replaced_by_one_that_was_read(plain: Fake, someone: Person) -> None:
    reference = f"{plain.address}/team/web:1"
    entry = image(plain, someone).model_copy(update={"read_from": lock.UNREAD})
    someone.lock.write_text(lock.render(Lock(images={reference: entry})))
    assert main(["web", "--check"], someone.root) == 1
    assert main(["web"], someone.root) == 0
    assert lock.read(someone.lock.read_text()).images[reference].read_from == f"{plain.address}/team/web"


def test_a_lock_that_cannot_be_read_is_written_anew(plain: Fake, someone: Person) -> None:
    someone.lock.write_text("images: {")
    assert main(["web"], someone.root) == 0
    assert list(lock.read(someone.lock.read_text()).images) == [f"{plain.address}/team/web:1"]


def test_nothing_is_written_where_an_image_cannot_be_read(
    plain: Fake, someone: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    someone.write_manifest(f"{plain.address}/team/web:2")
    assert main(["web"], someone.root) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"error: 127.0.0.1:\d+/team/web:2 is not there: .*\nworkloads/web/images.lock.yaml was not written.\n",
        said,
    )
    assert not someone.lock.exists()
    someone.write_manifest("nginx")
    assert main(["web"], someone.root) == 2
    assert "must be registry/repository" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["other", "../web", "."])
def test_an_unknown_workload_is_refused_with_those_that_there_are(
    someone: Person, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    someone.write_manifest("quay.io/a/b:1")
    assert main([name], someone.root) == 2
    assert capsys.readouterr().err == f"error: there is no folder workloads/{name}; workloads here: web\n"
