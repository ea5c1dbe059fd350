"""What OpenShift's admission adds to a pod before the kubelet sees it: the SCC restricted-v2 and the service account's token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.guest.node import Node
from sandbox.shapes import list_in, map_in

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_ANNOTATIONS = {
    "openshift.io/scc": "restricted-v2",
    "seccomp.security.alpha.kubernetes.io/pod": "runtime/default",
    "security.openshift.io/validated-scc-subject-type": "user",
}
_TOKEN = {
    "name": "kube-api-access",
    "projected": {
        "sources": [
            {"serviceAccountToken": {"path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace"}]}},
            {
                "configMap": {
                    "name": "openshift-service-ca.crt",
                    "items": [{"key": "service-ca.crt", "path": "service-ca.crt"}],
                }
            },
        ]
    },
}


def admitted(pod: Mapping[str, Any], node: Node) -> dict[str, Any]:
    """The pod as it is run. What it says itself stays."""
    metadata, spec = dict(pod["metadata"]), dict(pod["spec"])
    metadata["annotations"] = {**_ANNOTATIONS, **map_in(metadata, "annotations")}
    security: dict[str, Any] = {"fsGroup": node.fs_group, **map_in(spec, "securityContext")}
    spec["securityContext"] = security
    user = security.get("runAsUser", node.uid)
    with_token = _wants_token(spec)
    if with_token:
        spec["volumes"] = [*list_in(spec, "volumes"), _TOKEN]
    for key in ("initContainers", "containers"):
        spec[key] = [_container(one, user, with_token) for one in list_in(spec, key)]
    return {**pod, "metadata": metadata, "spec": spec}


def _wants_token(spec: Mapping[str, Any]) -> bool:
    return spec.get("automountServiceAccountToken") is not False


def _container(container: Mapping[str, Any], user: int, with_token: bool) -> dict[str, Any]:
    security: dict[str, Any] = {
        "runAsUser": user,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        **map_in(container, "securityContext"),
    }
    security["capabilities"] = {**map_in(security, "capabilities"), "drop": ["ALL"]}
    mounts = list(list_in(container, "volumeMounts"))
    if with_token and all(mount["mountPath"] != TOKEN_PATH for mount in mounts):
        mounts.append({"name": _TOKEN["name"], "mountPath": TOKEN_PATH, "readOnly": True})
    return {**container, "securityContext": security, "volumeMounts": mounts}
