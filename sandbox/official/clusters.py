"""Where the clusters of the official engine come from."""

from __future__ import annotations

from pathlib import Path

from sandbox.openshift.clusters import Clusters, StoreClusters


def clusters(home: Path) -> Clusters:
    return StoreClusters(home)
