import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.azure.cloud import Cloud
from sandbox.engine.errors import SandboxError
from sandbox.engine.passphrase import Keyring
from sandbox.engine.state import StateFile
from sandbox.files import FileUnusable, replace_file, understood
from sandbox.openshift.clusters import StoreClusters

Reader = Callable[[Path], None]
CANARY = "canary-of-a-secret"
DAMAGE = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"",
            b"{}",
            b"null",
            b"[]",
            b"1",
            b'"' + CANARY.encode() + b'"',
            b"[" * 5000,
            b'{"deployment": null}',
            b'{"deployment": {"resources": [null]}}',
            b'{"deployment": {"resources": [{"urn": 1}]}}',
            b'{"deployment": {"secrets_providers": {"state": {"salt": "v1:x"}}}}',
            b'{"facts": {}, "uid": 1, "revision": 0, "objects": [{"object": null}]}',
        ]
    ),
)


def read_state(home: Path) -> None:
    StateFile(home / "stacks" / "solo.json", Keyring(home, 1)).load()


def read_export(home: Path) -> None:
    StateFile(home / "stacks" / "solo.json", Keyring(home, 1)).exported()


def read_passphrase(home: Path) -> None:
    Keyring(home, 1)


def read_cloud(home: Path) -> None:
    Cloud(home / "azure.json").look()


def read_cluster(home: Path) -> None:
    StoreClusters(home).open("one")


def read_key(home: Path) -> None:
    _ = StoreClusters(home).key


def sentence(read: Reader, home: Path) -> str:
    """Why it is refused; empty where it is read."""
    try:
        read(home)
    except SandboxError as error:
        return str(error)
    return ""


READERS = [
    (read_state, "stacks/solo.json"),
    (read_export, "stacks/solo.json"),
    (read_passphrase, "encryptionsalt"),
    (read_passphrase, "passphrase"),
    (read_cloud, "azure.json"),
    (read_cluster, "clusters/one.json"),
    (read_key, "clusters/key"),
]


@pytest.mark.parametrize(("read", "name"), READERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(content=DAMAGE)
def test_a_damaged_file_is_read_or_refused_in_one_sentence(
    tmp_path: Path, read: Reader, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    said = sentence(read, tmp_path)
    assert "\n" not in said
    assert CANARY not in said


@pytest.mark.parametrize(("read", "name"), READERS)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", None])
def test_an_empty_file_no_text_and_a_folder_are_refused_with_path_and_remedy(
    tmp_path: Path, read: Reader, name: str, content: bytes | None
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(FileUnusable) as raised:
        read(tmp_path)
    assert str(raised.value).startswith(f"{path} cannot be used: ")
    assert "Put back a copy of it, or start the sandbox again" in str(raised.value)


def test_a_refusal_inside_is_not_called_damage(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"^mine$"), understood(tmp_path):
        raise SandboxError("mine")


def test_a_write_that_fails_names_the_file_and_leaves_the_old_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    replace_file(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sandbox.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left") as raised:
        replace_file(path, "new", last=True)
    assert raised.value.filename == str(path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    replace_file(tmp_path / "cluster.json", "{}", private=True)
    assert (tmp_path / "cluster.json").stat().st_mode & 0o777 == 0o600
