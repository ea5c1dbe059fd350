"""`make platform-values EVIDENCE='<file>...'`: take the paravisors of genuine confidential VMs into platform-values/azure.yaml.

Every file is checked first, with what Trustee does not check: that Microsoft signed the paravisor (ID_KEY_DIGEST), that the paravisor
itself asked for the report (VMPL 0), that it is no older one (guest_svn), that AMD's or Intel's certificates vouch for the processor,
and that the hardware vouches for the vTPM's key. Where one refuses, nothing is written.
"""

import argparse
import difflib
import sys
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, cast

from model.attestation import platform_values
from model.attestation.platform_values import PlatformValuesError
from sandbox.ending import end
from tools.platform_values import certificates, evidence, judging, writing
from tools.platform_values.judging import Finding, Vendors
from tools.platform_values.refused import EvidenceRefused

FILE: Final = Path(__file__).resolve().parents[2] / "platform-values/azure.yaml"


def main(
    arguments: Sequence[str] | None = None, *, file: Path = FILE, vendors: Callable[[], Vendors] | None = None
) -> int:
    """0 with the file written; 1 where evidence is refused; `vendors` instead of the real ones."""
    options = _parser().parse_args(arguments)
    now = datetime.now(UTC)
    try:
        before = file.read_text("utf-8")
        known = platform_values.read(before)
        judges = (vendors or _vendors)()
        seen = cast(date, options.seen or now.date())
        found = [
            judging.judge(one, known, judges, seen=seen, now=now)
            for one in evidence.read([Path(name) for name in cast(list[str], options.evidence)])
        ]
        if options.source:
            found = [writing.from_source(one, str(options.source)) for one in found]
        after = writing.merge(before, known, found)
    except (EvidenceRefused, PlatformValuesError, OSError) as error:
        print(f"error: {error}\n{file.name} was not written.", file=sys.stderr)
        return 1
    for one in found:
        print(_sentence(one))
    if after == before:
        print(f"{file.name} holds all of it already.")
        return 0
    file.write_text(after, "utf-8")
    sys.stdout.writelines(
        difflib.unified_diff(
            before.splitlines(True), after.splitlines(True), f"before/{file.name}", file.name
        )
    )
    print(
        f"\n{file.name} is written. Review what changed, and let somebody else review it too, before you commit it."
    )
    return 0


def _sentence(found: Finding) -> str:
    one = found.paravisor
    firmware = (
        "" if found.tcb is None else f", firmware {'/'.join(str(number) for number in found.tcb.values())}"
    )
    return f"{one.source}: genuine, {found.generation}{firmware}, paravisor {one.root}"


def _vendors() -> Vendors:
    return Vendors(amd=certificates.amd(), intel=certificates.intel(), fetch=_fetch)


def _fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 -- https only, see `snp.kds_address`
        return cast(bytes, answer.read())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.platform_values", description=__doc__)
    parser.add_argument(
        "evidence", nargs="+", help="files with evidence (docs/operations.md says how to get them)"
    )
    parser.add_argument(
        "--seen", type=date.fromisoformat, metavar="DAY", help="the day of the evidence (default: today)"
    )
    parser.add_argument("--source", help="where the evidence came from (default: the name of its file)")
    return parser


if __name__ == "__main__":
    end(main)
