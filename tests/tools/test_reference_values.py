"""The command that makes a file of reference values, with tools on PATH that answer as the vendor's would."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.attestation import boot_loaders
from model.attestation import reference_values as model
from tests.model.attestation import efi
from tools import reference_values

DIGEST = "sha256:" + "5e" * 32
IMAGE = f"{reference_values.IMAGE}@{DIGEST}"
PCRS = {"pcr03": "03" * 32, "pcr09": "00" + "09" * 31, "pcr11": "0b" * 32, "pcr12": "0c" * 32}
MEASUREMENTS = {"measurements": {"sha256": {**{k: f"0x{v}" for k, v in PCRS.items()}, "pcr04": "0x04"}}}
# A fake says what it was asked in $FAKES/log; cosign refuses where $FAKES/no-log or no-signature is there.
SKOPEO = """
case "$1" in
  --version) echo "skopeo version 1.16.1" ;;
  inspect) cat "$FAKES/digest" ;;
esac"""
COSIGN = """
[ "$1" = version ] && { echo "GitVersion:    v2.4.0"; exit 0; }
case "$*" in
  *--insecure-ignore-tlog*) [ ! -e "$FAKES/no-signature" ] || { echo "no matching signatures" >&2; exit 1; } ;;
  *) [ ! -e "$FAKES/no-log" ] || { echo "rekor is away" >&2; exit 1; } ;;
esac"""
PODMAN = """
case "$1" in
  --version) echo "podman version 5.2.1" ;;
  create) echo c0ffee ;;
  cp) cp "$FAKES/measurements.json" "$3" ;;
esac"""


class Fakes:
    def __init__(self, root: Path) -> None:
        self.bin, self.folder, self.written = root / "bin", root / "fakes", root / "values"
        for folder in (self.bin, self.folder, self.written):
            folder.mkdir()
        for tool, script in (("skopeo", SKOPEO), ("cosign", COSIGN), ("podman", PODMAN)):
            self.install(tool, script)
        self.say("digest", DIGEST + "\n")
        self.say("measurements.json", json.dumps(MEASUREMENTS))

    def install(self, tool: str, script: str) -> None:
        file = self.bin / tool
        file.write_text(f'#!/bin/sh\necho "{tool} $*" >> "$FAKES/log"\n{script.strip()}\n', "utf-8")
        file.chmod(0o755)

    def say(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    @property
    def asked(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text("utf-8").splitlines() if log.exists() else []

    @property
    def file(self) -> Path:
        return self.written / "1.13.1.yaml"

    @property
    def values(self) -> model.ReferenceValues:
        return model.read(self.file.read_text("utf-8"))


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes(tmp_path)
    monkeypatch.setenv("PATH", f"{fakes.bin}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("FAKES", str(fakes.folder))
    monkeypatch.setattr(reference_values, "FOLDER", fakes.written)
    return fakes


def test_the_values_are_those_of_the_image_digit_by_digit(fakes: Fakes) -> None:
    assert reference_values.main(["1.13.1"]) == 0
    assert {k: v[0] for k, v in fakes.values.pcrs.values().items()} == PCRS
    assert fakes.values.osc_version == "1.13.1"


def test_the_provenance_says_what_was_run_on_what(fakes: Fakes) -> None:
    reference_values.main(["1.13.1"])
    origin = fakes.values.provenance
    assert fakes.values.verified
    assert (origin.image_digest, origin.tool) == (DIGEST, "skopeo, cosign, podman")
    assert origin.tool_version == "skopeo 1.16.1, cosign 2.4.0, podman 5.2.1"
    assert (origin.signature_checked, origin.transparency_log_checked) == (True, True)
    assert fakes.values.problems(fakes.values.expires)
    assert 364 <= (fakes.values.expires.date() - origin.obtained).days <= 365


def test_what_is_verified_and_read_is_the_digest_and_not_the_tag(fakes: Fakes) -> None:
    reference_values.main(["1.13.1"])
    verified = next(i for i, line in enumerate(fakes.asked) if line.startswith("cosign verify"))
    created = next(i for i, line in enumerate(fakes.asked) if line.startswith("podman create"))
    assert verified < created
    assert fakes.asked[verified] == f"cosign verify --key {reference_values.KEY} {IMAGE}"
    assert fakes.asked[created] == f"podman create {IMAGE} true"


def test_a_signature_that_is_in_no_log_is_recorded_as_such(
    fakes: Fakes, capsys: pytest.CaptureFixture[str]
) -> None:
    fakes.say("no-log", "")
    assert reference_values.main(["1.13.1"]) == 0
    origin = fakes.values.provenance
    assert (origin.signature_checked, origin.transparency_log_checked) == (True, False)
    assert "not by the transparency log" in capsys.readouterr().err


def _refused(fakes: Fakes, capsys: pytest.CaptureFixture[str]) -> str:
    assert reference_values.main(["1.13.1"]) == 1
    assert not fakes.file.exists()
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.endswith("1.13.1.yaml was not written.\n")
    return said


def test_a_signature_that_does_not_verify_stops_before_anything_is_read(
    fakes: Fakes, capsys: pytest.CaptureFixture[str]
) -> None:
    fakes.say("no-log", "")
    fakes.say("no-signature", "")
    assert "does not verify" in (said := _refused(fakes, capsys))
    assert "no matching signatures" in said
    assert not any(line.startswith("podman create") for line in fakes.asked)


@pytest.mark.parametrize("tool", reference_values.TOOLS)
def test_a_missing_tool_is_named_with_the_commands_to_run_elsewhere(
    fakes: Fakes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    (fakes.bin / tool).unlink()
    monkeypatch.setenv("PATH", str(fakes.bin))
    said = _refused(fakes, capsys)
    assert f"error: {tool} not found on PATH" in said
    for command in ("skopeo inspect", f"cosign verify --key {reference_values.KEY}", "podman cp"):
        assert command in said
    assert fakes.asked == []


def _without(name: str) -> Any:
    return {"measurements": {"sha256": {k: v for k, v in PCRS.items() if k != name}}}


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ("not json", "is not what is expected, with .measurements.sha256.{pcr03,pcr09,pcr11,pcr12}"),
        ([], "is not what is expected"),
        ({"measurements": {}}, "is not what is expected"),
        (_without("pcr11"), "KeyError 'pcr11'"),
        (
            {"measurements": {"sha256": {**PCRS, "pcr09": "0x" + "09" * 31}}},
            "pcr09 of /image/measurements.json",
        ),
        ({"measurements": {"sha256": {**PCRS, "pcr12": 12}}}, "is 12, which is no SHA-256 register"),
        ({"measurements": {"sha256": {**PCRS, "pcr03": "0x0x" + "0" * 62}}}, "64 hex digits"),
        ({"measurements": {"sha256": {**PCRS, "pcr03": ""}}}, "is '', which is no SHA-256 register"),
    ],
)
def test_measurements_that_cannot_be_meant_are_refused(
    fakes: Fakes, capsys: pytest.CaptureFixture[str], document: Any, answer: str
) -> None:
    fakes.say("measurements.json", document if isinstance(document, str) else json.dumps(document))
    assert answer in _refused(fakes, capsys)
    assert fakes.asked[-1] == "podman rm c0ffee"


@pytest.mark.parametrize(
    ("prepare", "answer"),
    [
        (lambda fakes: fakes.say("digest", "latest\n"), "gave no digest"),
        (lambda fakes: fakes.install("skopeo", "echo unauthorized >&2; exit 1"), "failed: unauthorized"),
        (lambda fakes: (fakes.folder / "measurements.json").unlink(), "`podman cp c0ffee:/image/measure"),
        (lambda fakes: fakes.install("cosign", "true"), "cosign does not say its version"),
    ],
)
def test_a_tool_that_fails_is_quoted(
    fakes: Fakes, capsys: pytest.CaptureFixture[str], prepare: Callable[[Fakes], Any], answer: str
) -> None:
    prepare(fakes)
    assert answer in _refused(fakes, capsys)


def test_a_refresh_shows_the_change(fakes: Fakes, capsys: pytest.CaptureFixture[str]) -> None:
    reference_values.main(["1.13.1"])
    capsys.readouterr()
    changed = {"measurements": {"sha256": {**PCRS, "pcr11": "f1" * 32}}}
    fakes.say("measurements.json", json.dumps(changed))
    assert reference_values.main(["1.13.1"]) == 0
    assert f"-  - {PCRS['pcr11']}" in (shown := capsys.readouterr().out)
    assert f"+  - {'f1' * 32}" in shown


# PCR4


def programs(fakes: Fakes) -> list[str]:
    arguments: list[str] = []
    for name in ("shim.efi", "kernel.efi"):
        (fakes.folder / name).write_bytes(efi.program(name.encode()))
        arguments += ["--efi", str(fakes.folder / name)]
    return arguments


def test_the_boot_loaders_are_computed_from_the_programs_in_their_order(fakes: Fakes) -> None:
    assert reference_values.main(["1.13.1", *programs(fakes)]) == 0
    expected = boot_loaders.pcr04([efi.program(b"shim.efi"), efi.program(b"kernel.efi")])
    assert fakes.values.pcrs.pcr04 == (expected,)
    assert re.match(
        "computed from shim.efi sha256:[0-9a-f]{64}, kernel.efi sha256:", str(fakes.values.provenance.pcr04)
    )
    assert fakes.values.verified


def test_what_a_machine_shows_must_agree_with_the_programs(
    fakes: Fakes, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = programs(fakes)
    assert reference_values.main(["1.13.1", *arguments, "--pcr04", "44" * 32]) == 1
    assert "they are of another image, in another order, or not all that is loaded" in capsys.readouterr().err
    assert not fakes.file.exists()
    expected = boot_loaders.pcr04([efi.program(b"shim.efi"), efi.program(b"kernel.efi")])
    assert reference_values.main(["1.13.1", *arguments, "--pcr04", f"0x{expected.upper()}"]) == 0
    assert "read from a machine that booted the image; computed from" in str(fakes.values.provenance.pcr04)


def test_what_a_machine_shows_is_taken_alone_too(fakes: Fakes) -> None:
    assert reference_values.main(["1.13.1", "--pcr04", "44" * 32]) == 0
    assert fakes.values.pcrs.pcr04 == ("44" * 32,)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--pcr04", "44"], "is not a SHA-256 register"),
        (["--efi", "nowhere.efi"], "cannot be computed from nowhere.efi"),
        (["--efi", __file__], "does not begin with MZ"),
    ],
)
def test_boot_loaders_that_cannot_be_meant_are_refused_before_anything_is_asked(
    fakes: Fakes, capsys: pytest.CaptureFixture[str], arguments: list[str], answer: str
) -> None:
    assert reference_values.main(["1.13.1", *arguments]) == 1
    assert answer in capsys.readouterr().err
    assert fakes.asked == []


def test_boot_loaders_stay_for_the_same_image_and_go_with_another(fakes: Fakes) -> None:
    assert reference_values.main(["1.13.1", "--pcr04", "44" * 32]) == 0
    assert reference_values.main(["1.13.1"]) == 0
    assert fakes.values.pcrs.pcr04 == ("44" * 32,)
    assert fakes.values.provenance.pcr04 == "read from a machine that booted the image"
    fakes.say("digest", "sha256:" + "6f" * 32 + "\n")
    assert reference_values.main(["1.13.1"]) == 0
    assert fakes.values.pcrs.pcr04 is None


def test_a_file_that_cannot_be_read_is_not_overwritten(
    fakes: Fakes, capsys: pytest.CaptureFixture[str]
) -> None:
    fakes.file.write_text("oscVersion: 1.13.1\n", "utf-8")
    assert reference_values.main(["1.13.1"]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert fakes.file.read_text("utf-8") == "oscVersion: 1.13.1\n"


def test_a_version_that_is_none_is_refused(fakes: Fakes, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        reference_values.main(["latest"])
    assert "'latest' is no version of three numbers" in capsys.readouterr().err
    assert fakes.asked == []
