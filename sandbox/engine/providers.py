"""Which stand-in serves which package, and what makes a provider's new configuration another provider.

The stand-ins are imported when the first resource of their package arrives.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.engine.errors import SandboxError
from sandbox.provider import UNKNOWN, Diff, Provider, Values

if TYPE_CHECKING:
    from sandbox.azure import AzureStandIn
    from sandbox.openshift.clusters import StoreClusters

Route = Callable[[str, Values], Provider]
"""The provider of a package under the plain inputs of its provider resource."""


class StandIns:
    """The stand-ins that keep their clouds in `home`, for the project in `root`."""

    def __init__(self, home: Path, root: Path = Path()) -> None:
        self._home = home
        self._root = root
        self._serving: dict[tuple[str, str], Provider] = {}

    def route(self, package: str, configuration: Values) -> Provider:
        """The provider of a package under the plain inputs of its provider resource. Raises SandboxError for a
        package without a stand-in.
        """
        key = package, json.dumps(configuration, sort_keys=True)
        if key not in self._serving:
            self._serving[key] = self._made(package, configuration)
        return self._serving[key]

    def _made(self, package: str, configuration: Values) -> Provider:
        match package:
            case "azure-native":
                return self.azure.for_provider(configuration)
            case "kubernetes":
                from sandbox.openshift import KubernetesStandIn

                return KubernetesStandIn(self.clusters).for_provider(configuration)
            case "random":
                from sandbox.random_ import RandomStandIn

                return RandomStandIn()
            case "command":
                from sandbox.command import CommandStandIn
                from sandbox.installer import put_on_path

                return CommandStandIn(self._root, put_on_path(self._home, "embedded"))
            case _:
                raise SandboxError(f"the sandbox has no stand-in for the provider {package!r}")

    @cached_property
    def azure(self) -> AzureStandIn:
        from sandbox.azure import AzureStandIn

        return AzureStandIn(self._home / "azure.json", self.clusters)

    @cached_property
    def clusters(self) -> StoreClusters:
        from sandbox.openshift.clusters import StoreClusters

        return StoreClusters(self._home)


def configuration_diff(package: str, old: Values, new: Values) -> Diff:
    """What a change of a provider's inputs means, after `DiffConfig` of pulumi-kubernetes; other packages
    update in place.

    A Kubernetes provider becomes another one when its `clusterIdentifier` changes, or, where it has none,
    when the server in its kubeconfig changes or cannot be known yet.
    """
    changed = tuple(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))
    if package != "kubernetes":
        return Diff(changed)
    identifiers = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if all(identifiers):
        return Diff(changed, ("clusterIdentifier",) if identifiers[0] != identifiers[1] else ())
    same_cluster = new.get("kubeconfig") != UNKNOWN and _server(old) == _server(new)
    return Diff(changed, () if same_cluster or "kubeconfig" not in changed else ("kubeconfig",))


def _server(inputs: Values) -> object:
    import yaml

    config = yaml.safe_load(inputs.get("kubeconfig") or "{}")
    return config.get("clusters")
