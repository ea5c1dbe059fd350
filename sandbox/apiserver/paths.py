"""Where the API server serves a kind."""

from __future__ import annotations

from sandbox.openshift.kinds import ObjectKind
from sandbox.openshift.objects import Ref


def path_of(kind: ObjectKind, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """Of a collection without `name`; without `namespace`, of all namespaces."""
    root = f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
    space = f"/namespaces/{namespace}" if kind.namespaced and namespace else ""
    return root + space + "".join(f"/{part}" for part in (kind.plural, name, subresource) if part)


def path_to(ref: Ref, subresource: str = "") -> str:
    return path_of(*ref, subresource)
