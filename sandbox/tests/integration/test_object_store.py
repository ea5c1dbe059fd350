"""What outlives a pod, tried with the commands of the sample's own containers against real object stores on loopback."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import which
from tempfile import mkdtemp

import pytest

from sandbox.tests.integration import stores
from sandbox.tests.integration.stores import CONTAINER, KEY, Pod, Store, pod

pytestmark = pytest.mark.integration

TEXT = "what only the pod may know "


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Azure's emulator where it is there (`npm install azurite`), else a server that rclone itself has."""
    start = stores.azurite if which("azurite-blob") else stores.webdav
    with start(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def store(server: Store) -> Store:
    server.empty()
    return server


@pytest.fixture
def new_pod(store: Store, tmp_path: Path) -> Iterator[Callable[..., Pod]]:
    with ExitStack() as pods:
        yield lambda floor=0, **served: pods.enter_context(
            pod(Path(mkdtemp(dir=tmp_path)), store, floor=floor, **served)
        )


def write_and_end(first: Pod, content: str, name: str = "file") -> None:
    """A pod that starts, writes and ends in good order."""
    assert first.restore() == 0, first.said("restore")
    with first.saving() as save:
        (first.data / name).write_text(content)
    assert save.returncode == 0, first.said("save")


@pytest.fixture
def two(store: Store, new_pod: Callable[..., Pod]) -> list[str]:
    """Two snapshots, the second one of 300 KB that do not compress; their names, the older one first."""
    write_and_end(new_pod(), TEXT)
    write_and_end(new_pod(), os.urandom(150_000).hex())
    assert len(store.objects()) == 2
    return store.objects()


def refused(tried: Pod) -> str:
    """The reason, after it was made sure that the pod does not start and that nothing is saved over what is there."""
    assert tried.restore() == 1
    assert not (tried.data / ".restored").exists()
    with tried.saving() as save:
        (tried.data / "file").write_text("empty")
        save.wait(20)
    assert save.returncode == 1
    assert "no restore has ended" in tried.said("save")
    return tried.said("restore")


def test_the_next_pod_finds_what_the_last_one_left(new_pod: Callable[..., Pod], store: Store) -> None:
    first = new_pod()
    assert first.restore() == 0
    assert (first.data / ".restored").read_text() == "0\n"
    with first.saving() as save:
        (first.data / "deep" / "er").mkdir(parents=True)
        (first.data / "deep" / "er" / ".hidden").write_text(TEXT * 9999)
        (first.data / "run").write_text("#!/bin/sh\n")
        (first.data / "run").chmod(0o750)
        (first.data / "link").symlink_to("run")
        (first.data / "-odd name\n").write_text("")
    assert save.returncode == 0
    second = new_pod(floor=1)
    assert second.restore() == 0
    assert (second.data / ".restored").read_text() == "1\n"
    assert (second.data / "deep" / "er" / ".hidden").read_text() == TEXT * 9999
    assert (second.data / "run").stat().st_mode & 0o777 == 0o750
    assert (second.data / "link").readlink() == Path("run")
    assert (second.data / "-odd name\n").exists()
    assert store.objects() == ["0000000001.tar.gz.bin"]


def test_a_running_pod_saves_what_changes_and_nothing_else(new_pod: Callable[..., Pod], store: Store) -> None:
    first = new_pod()
    assert first.restore() == 0
    with first.saving() as save:
        (first.data / "file").write_text(TEXT)
        wait(lambda: store.objects() == ["0000000001.tar.gz.bin"])
        time.sleep(3)
        assert store.objects() == ["0000000001.tar.gz.bin"]
    assert save.returncode == 0
    assert len(store.objects()) == 1


def test_the_store_holds_nothing_that_can_be_read(store: Store, new_pod: Callable[..., Pod]) -> None:
    write_and_end(new_pod(), TEXT * 99, name="telling-name")
    (name,) = store.objects()
    content = store.read(name)
    assert content.startswith(b"RCLONE\x00\x00")
    assert TEXT.encode() not in content
    assert b"telling-name" not in content
    assert KEY.encode() not in content


@pytest.mark.parametrize("place", [10, 40, 100, 70_000, -1])
def test_a_flipped_bit_is_noticed(
    store: Store, two: list[str], new_pod: Callable[..., Pod], place: int
) -> None:
    content = bytearray(store.read(two[-1]))
    content[place] ^= 1
    store.write(two[-1], bytes(content))
    assert "snapshot 2 cannot be read: it was altered" in refused(new_pod())


# A file of rclone crypt has a header of 32 bytes and blocks of 64 KiB + 16 bytes, and no mark at its end.
@pytest.mark.parametrize("length", [31, 32, 32 + 65552, 100_000])
def test_a_snapshot_that_was_cut_is_noticed(
    store: Store, two: list[str], new_pod: Callable[..., Pod], length: int
) -> None:
    store.write(two[-1], store.read(two[-1])[:length])
    assert re.search("snapshot 2 (cannot be read|is cut off)", refused(new_pod()))


def test_an_older_snapshot_under_a_newer_name_is_noticed(
    store: Store, two: list[str], new_pod: Callable[..., Pod]
) -> None:
    store.write("0000000003.tar.gz.bin", store.read(two[0]))
    assert "snapshot 3 is another one, renamed" in refused(new_pod())
    store.remove("0000000003.tar.gz.bin")
    store.write(two[1], store.read(two[0]))
    assert "snapshot 2 is another one, renamed" in refused(new_pod())


def test_a_store_that_was_rolled_back_below_the_floor_or_emptied_is_noticed(
    store: Store, two: list[str], new_pod: Callable[..., Pod]
) -> None:
    store.remove(two[1])
    assert "the newest snapshot is version 1 and the hub has seen 2" in refused(new_pod(floor=2))
    store.remove(two[0])
    assert "the newest snapshot is version 0 and the hub has seen 2" in refused(new_pod(floor=2))


def test_a_rollback_above_the_floor_is_not_noticed(
    store: Store, two: list[str], new_pod: Callable[..., Pod]
) -> None:
    """What docs/storage.md says of it: the floor is what the hub has seen, and no more."""
    store.remove(two[1])
    late = new_pod(floor=1)
    assert late.restore() == 0
    assert (late.data / "file").read_text() == TEXT


def test_another_key_opens_nothing(two: list[str], new_pod: Callable[..., Pod]) -> None:
    assert two
    assert "it is of another key" in refused(new_pod(key="r" * 43))


@pytest.mark.parametrize("missing", ["key", "rclone.conf", "floor"])
def test_what_the_kbs_refuses_stops_the_pod(
    two: list[str], new_pod: Callable[..., Pod], missing: str
) -> None:
    assert two
    tried = new_pod()
    del tried.served[missing]
    assert f"the KBS does not release {missing}" in refused(tried)


def test_an_empty_key_and_an_odd_floor_stop_the_pod(two: list[str], new_pod: Callable[..., Pod]) -> None:
    assert two
    assert "the KBS does not release key" in refused(new_pod(key=""))
    assert refused(new_pod(floor="none"))


def test_a_store_that_does_not_answer_stops_the_pod(new_pod: Callable[..., Pod], store: Store) -> None:
    nowhere = store.configuration.replace("127.0.0.1:", "127.0.0.1:1")
    assert "the store cannot be listed" in refused(new_pod(**{"rclone.conf": nowhere}))


def test_two_pods_do_not_save_over_each_other(store: Store, new_pod: Callable[..., Pod]) -> None:
    one, other = new_pod(), new_pod()
    assert (one.restore(), other.restore()) == (0, 0)
    with one.saving():
        (one.data / "file").write_text("one")
    (first,) = store.objects()
    before = store.read(first)
    with other.saving() as save:
        (other.data / "file").write_text("other")
    assert save.returncode == 1
    assert "another pod saves too" in other.said("save")
    assert store.objects() == [first]
    assert store.read(first) == before


def test_an_upload_whose_answer_was_lost_is_not_taken_for_another_pods(
    store: Store, new_pod: Callable[..., Pod]
) -> None:
    first = new_pod()
    assert first.restore() == 0
    before = {name: (first.folder / "store" / name).read_text() for name in ("version", "saved")}
    with first.saving():
        (first.data / "file").write_text(TEXT)
    at = first.folder / "store"
    config = ["--config", str(at / "rclone.conf")]
    store.rclone(*config, "copyto", "snapshots:0000000001.tar.gz", str(at / "snapshot"))
    (at / "next").write_text("1\n")
    (at / "saving").write_text((at / "saved").read_text())
    for name, text in before.items():
        (at / name).write_text(text)
    with first.saving() as save:
        pass
    assert save.returncode == 0
    assert (at / "version").read_text() == "1\n"
    assert len(store.objects()) == 1


def test_a_pod_restores_and_saves_in_one_place_at_a_time(new_pod: Callable[..., Pod]) -> None:
    first = new_pod()
    assert first.restore() == 0
    with first.saving():
        time.sleep(0.5)
        assert first.restore() == 1
        assert "already" in first.said("restore")


def test_what_a_pod_is_given_can_change_and_delete_nothing(store: Store, new_pod: Callable[..., Pod]) -> None:
    """Enforced by the store itself, from the permissions in the signature."""
    if "sas_url" not in store.configuration:
        pytest.skip("azurite-blob is not on PATH, and no other store here knows signatures with permissions")
    first = new_pod()
    write_and_end(first, TEXT)
    (name,) = store.objects()
    before = store.read(name)
    config = ["--config", str(first.folder / "store" / "rclone.conf"), "--retries", "1"]
    for command in ("deletefile", "rcat"):
        answer = store.rclone(*config, command, f"remote:{CONTAINER}/{name}", given=b"other", check=False)
        assert answer == b""
        assert store.objects() == [name]
        assert store.read(name) == before


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.2)
