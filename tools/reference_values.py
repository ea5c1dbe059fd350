"""`python -m tools.reference_values 1.13.1`: write reference-values/<OSC version>.yaml from the vendor's image.

The image is found by its tag, held to its digest, its signature verified with the vendor's key, and the registers read from
its /image/measurements.json. What a tool did not say is never made up: where one is missing or refuses, nothing is written and
the commands that would do it are printed. PCR4 is not in that file: it is computed from the EFI programs of the image (--efi), or read
from sandbox.ending import end
from a machine that booted it (--pcr04), or both, which then must agree. For the same image it stays in the file.
"""

import argparse
import difflib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import yaml

from model.attestation import boot_loaders as pcr4
from model.attestation import reference_values
from model.attestation.reference_values import ReferenceValues
from model.attestation.registers import MEANING
from model.digests import Pcr
from sandbox.ending import end

FOLDER = Path(__file__).resolve().parent.parent / "reference-values"
IMAGE: Final = "registry.redhat.io/openshift-sandboxed-containers/osc-dm-verity-image"
KEY: Final = "https://security.access.redhat.com/data/63405576.txt"
MEASUREMENTS: Final = "/image/measurements.json"
TOOLS: Final = ("skopeo", "cosign", "podman")
REGISTERS: Final = ("pcr03", "pcr09", "pcr11", "pcr12")
_HEAD: Final = """\
# What a genuine pod VM of OpenShift sandboxed containers {osc} measures. Trustee gives its secrets to no other pod VM.
# Written by `make reference-values OSC={osc}` from the vendor's signed image; review values and provenance before you commit.
"""


class ImageRefused(Exception):
    """Nothing was written; the message says why and what to do."""


def commands(osc: str, key: str = KEY) -> str:
    """What `obtain` runs, for a person to run where the tools are."""
    return f"""\
  export REGISTRY_AUTH_FILE=<a pull secret from console.redhat.com>
  digest=$(skopeo inspect --format '{{{{.Digest}}}}' docker://{IMAGE}:{osc})
  cosign verify --key {key} {IMAGE}@$digest
  id=$(podman create {IMAGE}@$digest true)
  podman cp $id:{MEASUREMENTS} measurements.json && podman rm $id"""


def obtain(osc: str, key: str, now: datetime) -> dict[str, Any]:
    """`oscVersion`, `provenance`, `expires` and `pcrs` of the file, from the image. Raises Refused."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        raise ImageRefused(
            f"{', '.join(missing)} not found on PATH. Install what is missing, or run this elsewhere and put the digest, the "
            f"tools' versions and .measurements.sha256.{{{','.join(REGISTERS)}}}, without 0x, into the file:\n"
            f"{commands(osc, key)}"
        )
    digest = _run("skopeo", "inspect", "--format", "{{.Digest}}", f"docker://{IMAGE}:{osc}").strip()
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise ImageRefused(f"skopeo inspect gave no digest for {IMAGE}:{osc}: {digest!r}")
    image = f"{IMAGE}@{digest}"
    logged = _signature(image, key)
    return {
        "oscVersion": osc,
        "provenance": {
            "tool": ", ".join(TOOLS),
            "toolVersion": ", ".join(f"{tool} {_version(tool)}" for tool in TOOLS),
            "image": f"{IMAGE}:{osc}",
            "imageDigest": digest,
            "signatureChecked": True,
            "transparencyLogChecked": logged,
            "obtained": now.date().isoformat(),
        },
        "expires": (now + timedelta(days=365)).strftime("%Y-%m-%dT00:00:00Z"),
        "pcrs": registers(_measurements(image)),
    }


def _signature(image: str, key: str) -> bool:
    """Whether the signature is in the transparency log too; Refused where it does not verify in any way."""
    try:
        _run("cosign", "verify", "--key", key, image)
    except ImageRefused as logged:
        try:
            _run("cosign", "verify", "--key", key, "--insecure-ignore-tlog=true", image)
        except ImageRefused as error:
            raise ImageRefused(f"The signature of {image} does not verify with {key}: {error}") from None
        print(f"warning: the signature is good, but not by the transparency log: {logged}", file=sys.stderr)
        return False
    return True


def _measurements(image: str) -> str:
    container = _run("podman", "create", image, "true").strip()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "measurements.json"
            _run("podman", "cp", f"{container}:{MEASUREMENTS}", str(file))
            return file.read_text("utf-8")
    finally:
        _run("podman", "rm", container)


def registers(measurements: str) -> dict[str, list[str]]:
    """The accepted values by register, out of the image's measurements.json. Raises Refused."""
    try:
        found = json.loads(measurements)["measurements"]["sha256"]
        values = {name: found[name] for name in REGISTERS}
    except (ValueError, KeyError, TypeError) as error:
        raise ImageRefused(
            f"{MEASUREMENTS} is not what is expected, with .measurements.sha256.{{{','.join(REGISTERS)}}}: "
            f"{type(error).__name__} {error}"
        ) from None
    pcrs: dict[str, list[str]] = {}
    for name, value in values.items():
        # Not lstrip, which would also remove leading zeros of the register.
        digits = value.removeprefix("0x").lower() if isinstance(value, str) else ""
        if not re.fullmatch(r"[0-9a-f]{64}", digits):
            raise ImageRefused(
                f"{name} of {MEASUREMENTS} is {value!r}, which is no SHA-256 register: 64 hex digits."
            )
        pcrs[name] = [digits]
    return pcrs


def boot_loaders(efi: Sequence[Path], read: str | None) -> tuple[str, str] | None:
    """PCR4 and where it is from; None where neither is given. Raises ImageRefused."""
    if not efi and read is None:
        return None
    sources: list[str] = []
    value = None if read is None else read.removeprefix("0x").lower()
    if value is not None:
        if not re.fullmatch(Pcr.PATTERN, value):
            raise ImageRefused(f"PCR4 {read!r} is not {Pcr.FORM}.")
        sources.append("read from a machine that booted the image")
    if efi:
        try:
            programs = [file.read_bytes() for file in efi]
            computed = str(pcr4.pcr04(programs))
        except (OSError, pcr4.BootLoaderError) as error:
            raise ImageRefused(f"PCR4 cannot be computed from {', '.join(map(str, efi))}: {error}") from None
        if value not in (None, computed):
            raise ImageRefused(
                f"PCR4 is {value} on the machine and {computed} by the programs: they are of another image, in another order, or not all"
                " that is loaded (shim, kernel image, add-on, and the kernel inside the image where it is loaded as a program)."
            )
        value = computed
        digests = [hashlib.sha256(program).hexdigest() for program in programs]
        sources.append(
            "computed from "
            + ", ".join(f"{file.name} sha256:{digest}" for file, digest in zip(efi, digests, strict=True))
        )
    return str(value), "; ".join(sources)


def render(values: Mapping[str, Any], before: ReferenceValues | None) -> str:
    """The text of the file. PCR4 is that of `before` where the image is the same and `values` have none."""
    provenance, pcrs = dict(values["provenance"]), dict(values["pcrs"])
    if (
        before is not None
        and "pcr04" not in pcrs
        and before.pcrs.pcr04
        and before.provenance.image_digest == provenance["imageDigest"]
    ):
        pcrs["pcr04"] = [str(value) for value in before.pcrs.pcr04]
        provenance["pcr04"] = before.provenance.pcr04
    document = {**values, "provenance": provenance, "pcrs": dict(sorted(pcrs.items()))}
    text = yaml.safe_dump(document, sort_keys=False, width=1000)
    for register, meaning in MEANING.items():
        text = text.replace(f"  {register}:\n", f"  {register}: # {meaning}\n", 1)
    text = _HEAD.format(osc=values["oscVersion"]) + text
    reference_values.read(text)
    return text


def _version(tool: str) -> str:
    said = _run(tool, "version") if tool == "cosign" else _run(tool, "--version")
    number = re.search(r"\d+\.\d+\.\d+", said)
    if number is None:
        raise ImageRefused(f"{tool} does not say its version: {said.strip()!r}")
    return number.group()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        reason = " ".join((done.stderr or done.stdout).split()[-40:])
        raise ImageRefused(f"`{' '.join(command)}` failed: {reason or f'exit code {done.returncode}'}")
    return done.stdout


def _existing(file: Path) -> tuple[str, ReferenceValues | None]:
    if not file.exists():
        return "", None
    text = file.read_text("utf-8")
    try:
        return text, reference_values.read(text)
    except reference_values.ReferenceValuesError as error:
        raise ImageRefused(
            f"{file.name} is there and cannot be read, so what it says of PCR4 would be lost: {error}"
        ) from None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.reference_values", description=__doc__)
    parser.add_argument("osc", help="version of sandboxed containers, for example 1.13.1")
    parser.add_argument(
        "--key", default=KEY, help="file or address of the vendor's public key (default: %(default)s)"
    )
    parser.add_argument(
        "--efi",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="an EFI program of the image, for PCR4; once for each, in the order of loading: shim, kernel image, add-on",
    )
    parser.add_argument("--pcr04", metavar="HEX", help="PCR4 of a machine that booted the image")
    options = parser.parse_args(arguments)
    osc, key = cast(str, options.osc), cast(str, options.key)
    if re.fullmatch(r"\d+\.\d+\.\d+", osc) is None:
        parser.error(f"{osc!r} is no version of three numbers, for example 1.13.1")
    file = FOLDER / f"{osc}.yaml"
    try:
        before, values = _existing(file)
        loaders = boot_loaders(cast(list[Path], options.efi), cast(str | None, options.pcr04))
        found = obtain(osc, key, datetime.now(UTC))
        if loaders is not None:
            found["pcrs"]["pcr04"], found["provenance"]["pcr04"] = [loaders[0]], loaders[1]
        text = render(found, values)
    except ImageRefused as error:
        print(f"error: {error}\n{file.name} was not written.", file=sys.stderr)
        return 1
    file.write_text(text, "utf-8")
    sys.stdout.writelines(
        difflib.unified_diff(before.splitlines(True), text.splitlines(True), f"before/{file.name}", file.name)
    )
    print(
        f"\n{file.name} is written. Review what changed, and let somebody else review it too, before you commit it."
    )
    return 0


if __name__ == "__main__":
    end(main)
