"""Custom resource definitions: the vendors' own where they lie beside the project, else permissive ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from sandbox.apiserver.client import Client, Manifest
from sandbox.apiserver.paths import path_of
from sandbox.openshift.definitions import permissive
from sandbox.openshift.kinds import BUILT_IN, CRD, CSV, KINDS, Kind, crd_name

REAL = Path(__file__).parent.parent.parent.parent / "shared" / "crds"
"""One folder a group, files `<plural>.<version>.yaml`."""
_NAMES = {crd_name(kind): kind for kind in KINDS.values()}


def definition(name: str) -> Manifest:
    """That of a kind which the sandbox knows, for example `routes.route.openshift.io`."""
    kind = _NAMES[name]
    # Of several versions the one that OpenShift's operator ships.
    files = sorted(
        REAL.glob(f"{kind.group}/{kind.plural}.*.yaml"),
        key=lambda path: ("openshift" in path.name, path.name),
    )
    # The sandbox's versions of operators say nothing of the pods they run, which the real schema demands.
    if not files or kind is CSV:
        return permissive(kind)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(files[-1].read_text(), loader)  # noqa: S506 -- both are safe


def of_openshift() -> list[Manifest]:
    """Those of the kinds that a cluster serves before any operator is installed."""
    return [definition(crd_name(kind)) for kind in BUILT_IN if is_custom(kind)]


def is_custom(kind: Kind) -> bool:
    return "." in kind.group and not kind.group.endswith(".k8s.io")


def install(client: Client, definitions: Iterable[Manifest]) -> None:
    """They are served some moments later: see `is_established`."""
    for crd in definitions:
        path = path_of(CRD, name=crd["metadata"]["name"])
        client.apply(
            path, {key: crd[key] for key in ("apiVersion", "kind", "metadata", "spec")}, manager="sandbox"
        )


def is_established(crd: Manifest) -> bool:
    conditions = crd.get("status", {}).get("conditions") or []
    return any((item["type"], item["status"]) == ("Established", "True") for item in conditions)


def has_status(crd: Manifest, version: str) -> bool:
    """Whether the status of its objects is written apart from the rest."""
    return any(
        item["name"] == version and "status" in item.get("subresources", {})
        for item in crd["spec"]["versions"]
    )
