"""Custom resource definitions in a real API server."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.apiserver.client import ApiClient, Manifest
from sandbox.apiserver.paths import path_of
from sandbox.openshift.definitions import definition
from sandbox.openshift.kinds import BUILT_IN, CRD, is_custom
from sandbox.shapes import list_in, map_in


def of_openshift() -> list[Manifest]:
    """Those of the kinds that a cluster serves before any operator is installed."""
    return [definition(kind) for kind in BUILT_IN if is_custom(kind)]


def install(client: ApiClient, definitions: Iterable[Manifest]) -> None:
    """They are served some moments later: see `is_established`."""
    for crd in definitions:
        path = path_of(CRD, name=crd["metadata"]["name"])
        client.apply(
            path, {key: crd[key] for key in ("apiVersion", "kind", "metadata", "spec")}, manager="sandbox"
        )


def is_established(crd: Manifest) -> bool:
    conditions = list_in(map_in(crd, "status"), "conditions")
    return any((item["type"], item["status"]) == ("Established", "True") for item in conditions)


def has_status(crd: Manifest, version: str) -> bool:
    """Whether the status of its objects is written apart from the rest."""
    return any(
        item["name"] == version and "status" in item.get("subresources", {})
        for item in crd["spec"]["versions"]
    )
