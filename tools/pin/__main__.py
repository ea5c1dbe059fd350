"""`python -m tools.pin web`: write workloads/web/images.lock.yaml with what the registries say about the images.

For each image that the manifests name: its digest, and what the image for linux/amd64 itself sets. Credentials, mirrors and
authorities are those of podman. What changed is shown as a diff, for review. An entry stays as it is, with the time at which it
was read, where nothing has changed.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from model.workloads import lock
from model.workloads.documents import DocumentError
from model.workloads.lock import Lock, LockedImage
from model.workloads.problems import WorkloadError
from model.workloads.reading import references
from sandbox.ending import end
from tools.pin.errors import PinError
from tools.pin.registry import read

ROOT: Final = Path(__file__).resolve().parents[2]
DIFFERENT, FAILED = 1, 2


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="make pin", description=__doc__)
    parser.add_argument("workload", help="name of a folder in workloads/")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 where the lock would change"
    )
    options = parser.parse_args(arguments)
    name, check = cast(str, options.workload), cast(bool, options.check)
    folder = root / "workloads" / name
    if not re.fullmatch(r"[-a-z0-9]+", name) or not folder.is_dir():
        known = ", ".join(sorted(each.parent.name for each in root.glob("workloads/*/*.yaml"))) or "none yet"
        print(f"error: there is no folder workloads/{name}; workloads here: {known}", file=sys.stderr)
        return FAILED
    file = folder / lock.FILE
    before = file.read_text("utf-8") if file.exists() else ""
    try:
        files = {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.is_file()}
        images = _images(references(name, files), _known(before), os.environ)
    except (WorkloadError, PinError, UnicodeDecodeError) as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        print(f"workloads/{name}/{lock.FILE} was not written.", file=sys.stderr)
        return FAILED
    after = lock.render(Lock(images=images))
    if after == before:
        print(f"workloads/{name}/{lock.FILE} is up to date.")
        return 0
    label = f"workloads/{name}/{lock.FILE}"
    sys.stdout.writelines(
        difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"before/{label}", label)
    )
    if check:
        print(f"\n{label} differs: run make pin WORKLOAD={name}, and review what changes.")
        return DIFFERENT
    file.write_text(after, "utf-8")
    print(f"\n{label} is written. Review what changed before you commit it: it is what may run.")
    return 0


def _images(
    names: Sequence[str], known: Mapping[str, LockedImage], environment: Mapping[str, str]
) -> dict[str, LockedImage]:
    """By reference. Raises PinError with a line for each image that could not be read."""
    found: dict[str, LockedImage] = {}
    failed: list[str] = []
    now = datetime.now(UTC).replace(microsecond=0)
    for name in names:
        try:
            image = read(name, now, environment)
        except PinError as error:
            failed.append(str(error))
            continue
        old = known.get(name)
        kept = old is not None and old.settings == image.settings and old.read_from != lock.UNREAD
        found[name] = old if kept and old is not None else image
    if failed:
        raise PinError("\n".join(failed))
    return found


def _known(text: str) -> Mapping[str, LockedImage]:
    try:
        return lock.read(text).images if text else {}
    except DocumentError:
        return {}  # it is written again


if __name__ == "__main__":
    end(main)
