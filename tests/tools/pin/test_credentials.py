"""Credentials are those that podman would take, and are never shown."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools import oci
from tests.tools.oci import Fake, Person
from tests.tools.pin.reading import WEB, image, refusal
from tools.pin import credentials
from tools.pin.credentials import RegistryCredentials
from tools.pin.errors import PinError


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_credentials_are_found_and_never_shown(secure: Fake, someone: Person, auth: str) -> None:
    secure.auth = auth
    assert "may not be read with the credentials" in refusal(secure, someone)
    someone.log_in(secure.address, password="other-canary")
    assert f"run podman login {secure.address}" in refusal(secure, someone)
    someone.log_in(f"{secure.address}/team")
    assert image(secure, someone).digest == oci.digest(WEB.manifest)


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
    assert found == (None if user is None else RegistryCredentials(user, "1"))
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
