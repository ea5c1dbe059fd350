"""The custom resource definition that an operator brings, as the sandbox writes it itself."""

from __future__ import annotations

from sandbox.openshift.kinds import CRD, ObjectKind, crd_name
from sandbox.openshift.objects import Manifest, new
from sandbox.openshift.schemas import custom_schema


def definition(kind: ObjectKind) -> Manifest:
    """With the sandbox's own schema: it has the fields that this project uses, not all of the vendor's."""
    group, _, version = kind.api_version.partition("/")
    names = {
        "kind": kind.kind,
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "listKind": f"{kind.kind}List",
    }
    served: Manifest = {
        "name": version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": custom_schema(kind)},
    }
    scope = "Namespaced" if kind.namespaced else "Cluster"
    return new(
        CRD, crd_name(kind), spec={"group": group, "names": names, "scope": scope, "versions": [served]}
    )
