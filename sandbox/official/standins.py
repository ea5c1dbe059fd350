"""The clouds of the official engine: a local Azure of its own, whose clusters are real API servers."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from sandbox.apiserver import ServerClusters
from sandbox.azure import AzureStandIn


class Official:
    """`home` is the sandbox's state directory."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @cached_property
    def azure(self) -> AzureStandIn:
        return AzureStandIn(self._home / "pulumi" / "azure.json", self.clusters)

    @cached_property
    def clusters(self) -> ServerClusters:
        return ServerClusters(self._home)
