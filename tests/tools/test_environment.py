import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.environment import offline, stamp

ROOT = Path(__file__).parents[2]


def test_the_environment_is_stale_when_pins_python_or_place_change(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("pulumi==1")
    first = stamp([pins], "3.11.1", tmp_path)
    assert first == stamp([pins], "3.11.1", tmp_path)
    assert first != stamp([pins], "3.12.0", tmp_path)
    assert first != stamp([pins], "3.11.1", tmp_path / "moved")
    pins.write_text("pulumi==2")
    assert first != stamp([pins], "3.11.1", tmp_path)


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    asked = set(re.findall(r"^[\w-]+", (ROOT / f"{name}.in").read_text(), re.MULTILINE)) - {"-c"}
    pinned = dict(
        re.findall(
            r"^([\w-]+)==.*((?:\\\n    --hash=sha256:\w+ ?)+)",
            (ROOT / f"{name}.txt").read_text(),
            re.MULTILINE,
        )
    )
    assert {package.lower().replace("_", "-") for package in asked} <= set(pinned)


def test_tests_run_with_the_packages_of_the_program() -> None:
    versions = [
        dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    ]
    shared = versions[0].keys() & versions[1].keys()
    assert {name: versions[0][name] for name in shared} == {name: versions[1][name] for name in shared}


def test_a_package_index_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--retries",
        "1",
        "--target",
        str(tmp_path),
    ]
    nowhere = ["--isolated", "--index-url", "http://127.0.0.1:1/simple", "no-such-package"]
    refused = subprocess.run([*pip, *nowhere], capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert offline(refused.stderr)


def test_another_failure_of_pip_is_not_taken_for_a_missing_network() -> None:
    assert not offline("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE")
