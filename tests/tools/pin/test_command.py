"""`make pin` writes the lock of a workload, says what changed, and writes nothing where an image cannot be read."""

import re

import pytest

from model.workloads import lock
from model.workloads.lock import Lock
from tests.tools import oci
from tests.tools.oci import Fake, Person
from tests.tools.pin.reading import NOW, WEB, image
from tools.pin.__main__ import main


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


def test_a_lock_that_cannot_be_read_is_written_again(plain: Fake, someone: Person) -> None:
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
