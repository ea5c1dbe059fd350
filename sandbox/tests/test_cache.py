from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox import cache


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "users"))
    return tmp_path / "users" / "coco-sandbox"


def test_it_lies_in_the_users_cache_and_a_relative_one_does_not_count(
    users: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache.folder() == users
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for given in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert cache.folder() == tmp_path / "home" / ".cache" / "coco-sandbox"


def test_what_is_made_of_something_else_lies_elsewhere() -> None:
    places = [cache.place("tool", parts) for parts in ([b"a", b"b"], [b"ab"], [b"a"], [b"a", b"b"])]
    assert len({*places[:3]}) == 3
    assert places[3] == places[0]


def test_many_at_once_make_it_once_and_all_find_it_whole() -> None:
    made: list[Path] = []

    def make(part: Path) -> None:
        made.append(part)
        (part / "program").write_text("whole")

    at = cache.place("tool", [b"1"])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: cache.made(at, make) / "program", range(8)))
    assert [path.read_text() for path in found] == ["whole"] * 8
    assert len(made) == 1


def test_what_failed_or_was_killed_half_way_is_made_again() -> None:
    at = cache.place("tool", [b"1"])

    def fail(part: Path) -> None:
        (part / "half").touch()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.made(at, fail)
    assert not at.exists()
    at.with_suffix(".part").mkdir()  # as a kill leaves it
    (at.with_suffix(".part") / "half").touch()
    cache.made(at, lambda part: (part / "program").touch())
    assert [path.name for path in at.iterdir()] == ["program"]
    assert not at.with_suffix(".part").exists()


def test_cleaning_deletes_all_of_it_and_nothing_else(users: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.made(cache.place("tool", [b"1"]), lambda part: (part / "program").touch())
    (users.parent / "of another program").touch()
    assert cache.main() == 0
    assert [path.name for path in users.parent.iterdir()] == ["of another program"]
    assert cache.main() == 0
    assert capsys.readouterr().out == f"deleted {users}\nnothing to delete: there is no {users}\n"
