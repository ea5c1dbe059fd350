"""What the API server fills in when an object is written."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from sandbox.openshift.kinds import DEPLOYMENT, NAMESPACE, ROUTE, SECRET, SERVICE
from sandbox.openshift.objects import Manifest, kind_of
from sandbox.shapes import list_in, map_in


def defaulted(manifest: Manifest) -> Manifest:
    kind = kind_of(manifest)
    if kind is NAMESPACE:
        metadata = manifest["metadata"]
        labels = {**map_in(metadata, "labels"), "kubernetes.io/metadata.name": metadata["name"]}
        return {**manifest, "metadata": {**metadata, "labels": labels}, "status": {"phase": "Active"}}
    if kind is SECRET:
        return with_data({"type": "Opaque", **manifest})
    if kind is DEPLOYMENT:
        return {**manifest, "spec": {"replicas": 1, **map_in(manifest, "spec")}}
    if kind is SERVICE:
        spec = map_in(manifest, "spec")
        ports = [
            {"protocol": "TCP", "targetPort": port.get("port"), **port} for port in list_in(spec, "ports")
        ]
        return {
            **manifest,
            "spec": {"type": "ClusterIP", "clusterIP": _address(manifest), **spec, "ports": ports},
        }
    if kind is ROUTE:
        spec = map_in(manifest, "spec")
        to = {"kind": "Service", "weight": 100, **map_in(spec, "to")}
        return {**manifest, "spec": {"wildcardPolicy": "None", **spec, "to": to}}
    return manifest


def with_data(secret: Manifest) -> Manifest:
    """A Secret whose `stringData` has become `data`, as the API server stores it; base64 it cannot read stays."""
    plain = secret.get("stringData")
    if not plain:
        return secret
    encoded: dict[str, Any] = {
        key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()
    }
    rest = {key: value for key, value in secret.items() if key != "stringData"}
    return {**rest, "data": {**map_in(secret, "data"), **encoded}}


def _address(service: Manifest) -> str:
    digest = hashlib.sha256(
        f"{service['metadata'].get('namespace')}/{service['metadata']['name']}".encode()
    ).digest()
    return f"172.30.{digest[0]}.{digest[1] or 1}"
