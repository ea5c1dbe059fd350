"""Set up .venv when it is missing or stale: `python tools/environment.py [--dev]`, called by every target of the Makefile.

Run as a script with any Python 3.11 or newer: it may import nothing but the standard library. All it prints goes to
stderr, for the output of `make -s export` and `make outputs` is read by other programs.

Stale means that the pins, the Python version or the place of the checkout changed since (the scripts in .venv/bin name
their interpreter by its full path). A change of the run-time pins starts over, so that no package stays that nothing
asks for any more.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RUNTIME, DEV = "requirements.txt", "requirements-dev.txt"

UNREACHABLE = (
    "The package index cannot be reached: connect this machine to the network, or name a mirror in PIP_INDEX_URL, "
    "then run the same command again."
)

COMPILED_WHEN_IMPORTED = r"/pulumi_azure_native/(?!network/|resources/|authorization/|redhatopenshift/)\w+/"
"""azure-native has a package for each Azure service, two thirds of all the code; what is not listed is compiled when used."""


def stamp(pins: Sequence[Path], version: str, place: Path) -> str:
    """Changes whenever what would be installed does."""
    digest = hashlib.sha256(f"{version}\n{place}\n".encode())
    for file in pins:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def main(arguments: list[str]) -> int:
    place = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)  # two commands in two terminals set up once
        version = _version()
        if not _installed([RUNTIME], version):
            _install([RUNTIME])
            version = sys.version
        if "--dev" in arguments and not _installed([RUNTIME, DEV], version):
            _install([RUNTIME, DEV])
    except subprocess.CalledProcessError as error:
        if offline(error.stderr or ""):
            print(UNREACHABLE, file=sys.stderr)
        print(f"Setting up .venv failed at: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    finally:
        os.close(place)
    return 0


def _version() -> str:
    """The version of the Python in .venv; empty when there is none that runs."""
    if Path(sys.prefix).resolve() == VENV:
        return sys.version
    try:
        show = [PYTHON, "-c", "import sys; print(end=sys.version)"]
        return subprocess.run(show, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def _stamp_file(pins: Sequence[str]) -> Path:
    return VENV / f"{Path(pins[-1]).stem}.stamp"


def _installed(pins: Sequence[str], version: str) -> bool:
    file = _stamp_file(pins)
    return file.is_file() and file.read_text() == stamp([ROOT / pin for pin in pins], version, VENV)


def _install(pins: Sequence[str]) -> None:
    started = time.monotonic()
    print(f"Setting up .venv from {pins[-1]} with Python {sys.version.split()[0]} ...", file=sys.stderr)
    if pins[-1] == RUNTIME:
        _run(sys.executable, "-m", "venv", "--clear", VENV)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile")
    _run(*pip, "--require-hashes", "--requirement", ROOT / pins[-1], show_errors=True)
    # Imports take three times as long without bytecode. This compiles on all processors, which pip does not.
    _run(PYTHON, "-W", "ignore", "-m", "compileall", "-qq", "-j0", "-x", COMPILED_WHEN_IMPORTED, VENV / "lib")
    _stamp_file(pins).write_text(stamp([ROOT / pin for pin in pins], sys.version, VENV))
    print(f"Set up .venv from {pins[-1]} in {time.monotonic() - started:.0f} s", file=sys.stderr)


def offline(errors: str) -> bool:
    """Whether pip said on stderr that it could not connect; what it says last is that there is no such package."""
    return "after connection broken by" in errors


def _run(*command: str | Path, show_errors: bool = False) -> None:
    """With `show_errors` what is said on stderr is also kept in the CalledProcessError."""
    if not show_errors:
        subprocess.run(command, check=True, stdout=sys.stderr)
        return
    done = subprocess.run(
        command, check=False, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    print(end=done.stderr, file=sys.stderr)
    done.check_returncode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
