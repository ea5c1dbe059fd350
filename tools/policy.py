"""`make -s policy STACK=dev-hub PROFILE=hardened`: the agent policy that pods of a profile or workload run under, as it is measured.

Nothing else is printed to stdout, so that other tools can read it. A workload has one document for each spoke, and its policy names
the spoke: `PROFILE=kbs-access` is enough where it runs on one, else `PROFILE=kbs-access@dev-spoke`.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model.attestation import initdata, workload_documents
from model.attestation.initdata import InitdataError
from sandbox.ending import end
from tools.posture import sources
from tools.posture.deployment import Deployment, PostureError, table, unknown


def main(arguments: Sequence[str] | None = None) -> int:
    """0 with the policy printed, 1 where it cannot be."""
    options = _parser().parse_args(arguments)
    try:
        sys.stdout.write(policy(sources.chosen(options, options.stack, options.file), options.profile))
    except PostureError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def policy(hub: Deployment, name: str) -> str:
    """The Rego in the initdata of a profile, a workload that one spoke runs, or `<workload>@<spoke>`. Raises PostureError."""
    known = dict(_documents(hub))
    if not known:
        raise PostureError(f"{hub.stack} has no profiles: name a hub or a standalone stack that is up.")
    alone, _, spoke = name.partition("@")
    found = [toml for (owner, at), toml in known.items() if owner == alone and (not spoke or spoke == at)]
    if len(found) != 1:
        several = "stands for several" if found else "is none"
        names = ", ".join(f"{owner}@{at}" if at else owner for owner, at in known)
        raise PostureError(f"{name!r} {several} of the profiles and workloads of {hub.stack}: {names}.")
    try:
        return initdata.documents(found[0]).policy
    except InitdataError as error:
        raise PostureError(f"The initdata of {name} cannot be read: {error}") from error


def _documents(hub: Deployment) -> Iterator[tuple[tuple[str, str], str]]:
    """By name and spoke, which is empty for a profile: the measured document."""
    for name, published in sorted(table(hub.outputs, "profiles").items()):
        yield (name, ""), _text(name, published)
    for name, published in sorted(table(hub.outputs, "workloads").items()):
        text = _text(name, published)
        for spoke in sorted(table(published, "accepted")):
            try:
                yield (name, spoke), workload_documents.document(text, spoke).toml
            except InitdataError as error:
                raise PostureError(f"The initdata of {name} cannot be read: {error}") from error


def _text(name: str, published: Mapping[str, Any]) -> str:
    if unknown(published):
        raise PostureError(f"{name} is not known before the stack is up: bring it up first.")
    return str(published["toml"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.policy", description=__doc__)
    parser.add_argument("stack", help="a hub, for example dev-hub")
    parser.add_argument("profile", help="a profile or workload of it")
    sources.add_options(parser)
    return parser


if __name__ == "__main__":
    end(main)
