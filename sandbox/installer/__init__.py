"""A stand-in for `openshift-install`: it makes a cluster of the sandbox, and asks of its input what the real one asks.

It says so wherever it prints. What the real one checks with Azure and this does not: quota, sizes, the DNS zone, rights.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

VERSION: Final = "4.20.15"
_ROOT = Path(__file__).parent.parent.parent


def put_on_path(home: Path, engine: str) -> Path:
    """The folder that has the stand-in, for clusters of `engine` (embedded or pulumi) below `home`.

    It must come first on PATH: a real `openshift-install` would make machines that cost money.
    """
    folder = home / "programs" / engine
    path = folder / "openshift-install"
    command = [sys.executable, "-m", "sandbox.installer", str(home), engine]
    text = (
        f'#!/bin/sh\n[ "$1" != version ] || {{ echo "openshift-install {VERSION}"; echo "the stand-in of the sandbox"; exit; }}\n'
        f'PYTHONPATH={shlex.quote(str(_ROOT))} exec {shlex.join(command)} "$@"\n'
    )
    if not path.exists() or path.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return folder
