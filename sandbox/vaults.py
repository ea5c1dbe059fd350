"""`python -m sandbox.vaults [<secret>]`: the secrets in the stand-in vaults, or another value for one of them.

Only for the embedded engine. With an API server: edit the Secret `sandbox-vaults` in the namespace `external-secrets`.
"""

from __future__ import annotations

import argparse
import base64
import secrets
from pathlib import Path

from sandbox.engine.workspace import Workspace
from sandbox.openshift.clusters import StoreClusters
from sandbox.openshift.kinds import SECRET
from sandbox.openshift.objects import Ref
from sandbox.openshift.reactions.external_secrets import OPERANDS, VAULTS

_VAULTS = Ref(SECRET, OPERANDS, VAULTS)


def names(clusters: StoreClusters) -> list[str]:
    """The secrets that somebody has asked for so far."""
    found = {key for name in clusters.names() for key in _kept(clusters, name)}
    return sorted(found)


def put(clusters: StoreClusters, secret: str, value: str) -> bool:
    """Give a secret another value, an empty one to remove it; whether any vault has it."""
    encoded = base64.b64encode(value.encode()).decode()
    holders = [name for name in clusters.names() if secret in _kept(clusters, name)]
    for name in holders:
        clusters.open(name).edit(
            _VAULTS, lambda vaults: {**vaults, "data": {**vaults["data"], secret: encoded}}
        )
    return bool(holders)


def _kept(clusters: StoreClusters, name: str) -> dict[str, str]:
    return (clusters.open(name).get(_VAULTS) or {}).get("data") or {}


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.vaults", description=__doc__)
    parser.add_argument("secret", nargs="?", help="the one to rotate; without it all are listed")
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="where state is kept")
    options = parser.parse_args(arguments)
    home = options.home.resolve()
    clusters = StoreClusters(home)
    if options.secret is None:
        print("\n".join(names(clusters)) or "No stand-in vault has been asked for a secret.")
        return 0
    with Workspace(Path.cwd(), home).locked():
        if put(clusters, options.secret, secrets.token_urlsafe(24)):
            print(f"{options.secret} has another value. Next: make preview")
            return 0
    print(f"no stand-in vault has {options.secret}; they have: {', '.join(names(clusters)) or 'nothing'}")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
