"""A person at a real API server: applies manifests in order and waits for each as the official provider would."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.apiserver import PROGRAMS, ServerClusters
from sandbox.apiserver.client import ApiClient, ApiError
from sandbox.apiserver.paths import path_of, path_to
from sandbox.golang import GoPrograms, NotHere
from sandbox.official.build import CLI
from sandbox.openshift.clusters import ClusterFacts, self_managed
from sandbox.openshift.kinds import ENDPOINTS, ObjectKind
from sandbox.openshift.objects import Manifest, Objects, ref_of
from sandbox.openshift.waits import unready
from tests.answers import APPS_DOMAIN, SUBSCRIPTION
from tests.harness import Secret
from tests.program import roles

_MANAGER = "pulumi-kubernetes"


def built(*programs: GoPrograms) -> None:
    """They are there afterwards; else the test is skipped, where this machine cannot build them."""
    try:
        for each in programs:
            each.build()
    except NotHere as error:
        pytest.skip(str(error))


def pulumi_command() -> Path:
    """The user's own, else the one that the sandbox builds."""
    if found := shutil.which("pulumi"):
        return Path(found)
    built(CLI)
    return CLI.folder / "pulumi"


def facts(name: str) -> ClusterFacts:
    """Of a cluster where the test harness says that it is."""
    there = self_managed(name, location="eastus2", subscription_id=SUBSCRIPTION, tenant_id="tenant")
    return replace(
        there,
        apps_domain=APPS_DOMAIN,
        resource_group="machines",
        vnet_resource_group="network",
        vnet_name="vnet",
        subnet_name="workers",
        security_group_name="nsg",
    )


def manifests(stack: str) -> Iterator[tuple[str, Manifest]]:
    """What a committed stack declares in its cluster, by logical name, in the order of the program."""
    for resource in roles.committed_graph(stack).values():
        if resource.type.startswith("kubernetes:") and not resource.read:
            yield resource.name, plain(resource.inputs)


def plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


class User:
    def __init__(self, kubeconfig: str) -> None:
        self.client = ApiClient.of(kubeconfig)
        self._impatient = ApiClient.of(kubeconfig, retries=0)

    def apply(self, manifest: Manifest) -> Manifest:
        return self.client.apply(path_to(ref_of(manifest)), manifest, manager=_MANAGER, force=False)

    def try_(self, manifest: Manifest) -> None:
        """A dry run. Raises ApiError."""
        self._impatient.apply(path_to(ref_of(manifest)), manifest, manager=_MANAGER, dry_run=True)

    def bring_up(self, manifest: Manifest, seconds: float = 60) -> None:
        """Apply it and wait until it is ready; AssertionError with what the cluster says when it does not become so."""
        self.apply(manifest)
        end = time.monotonic() + seconds
        while reasons := self._unready(manifest):
            assert time.monotonic() < end, f"{manifest['kind']}: {'; '.join(reasons)}"
            time.sleep(0.1)

    def get(self, kind: ObjectKind, name: str, namespace: str = "") -> Manifest | None:
        return self.client.find(path_of(kind, namespace, name))

    def all(self, kind: ObjectKind, namespace: str = "") -> list[Manifest]:
        return self.client.get(path_of(kind, namespace))["items"]

    def delete(self, kind: ObjectKind, name: str, namespace: str = "") -> None:
        self.client.delete(path_of(kind, namespace, name))

    def change(self, kind: ObjectKind, name: str, namespace: str, change: Manifest) -> None:
        self.client.merge(path_of(kind, namespace, name), change, manager="kubectl-edit")

    def _unready(self, manifest: Manifest) -> list[str]:
        ref = ref_of(manifest)
        live = self.get(ref.kind, ref.name, ref.namespace)
        if live is None:
            return ["it is not there"]
        behind = self.get(ENDPOINTS, ref.name, ref.namespace) if ref.namespace else None
        return unready(Objects([live, behind] if behind else [live]), live)


def eventually(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """What `holds` returns once that is truthy."""
    end = time.monotonic() + seconds
    while not (result := holds()):
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.1)
    return result


def code_of(act: Callable[[], Any]) -> int:
    """The status with which the API server refuses; 200 when it does not."""
    answer = refusal(act)
    return answer.code if answer else 200


def refusal(act: Callable[[], Any]) -> ApiError | None:
    try:
        act()
    except ApiError as error:
        return error
    return None


def clusters_in(root: Path) -> ServerClusters:
    """In a state directory of its own."""
    built(PROGRAMS)
    return ServerClusters(root)
