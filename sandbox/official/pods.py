"""Where the confidential pods of the sandbox's clusters answer, or why they do not run."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.apiserver import ServerClusters
from sandbox.apiserver.client import Manifest
from sandbox.apiserver.paths import path_of
from sandbox.openshift.kinds import POD
from sandbox.openshift.reactions.pods import is_confidential
from sandbox.watch import guests


def told(clusters: ServerClusters) -> Iterator[tuple[str, str]]:
    """By pod (`namespace/name`), what its status says. Nothing where no cluster has such a pod."""
    for name in clusters.names():
        for pod in clusters.server(name).client().get(path_of(POD))["items"]:
            if is_confidential(pod):
                yield f"{pod['metadata']['namespace']}/{pod['metadata']['name']}", _said(pod)


def _said(pod: Manifest) -> str:
    message = pod["status"].get("message", "")
    reason = guests.unavailable()
    return f"{message}; that takes the guest's own programs, and {reason}" if reason else message
