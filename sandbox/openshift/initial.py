"""What is in an OpenShift cluster before anyone has used it, as far as the program or an operator reads it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sandbox.openshift.kinds import (
    AUTHENTICATION,
    CATALOG_SOURCE,
    CONFIG_MAP,
    INFRASTRUCTURE,
    INGRESS_CONFIG,
    MACHINE_CONFIG_POOL,
    NAMESPACE,
    NODE,
    SECRET,
)
from sandbox.openshift.objects import Manifest, new

if TYPE_CHECKING:
    from sandbox.openshift.clusters import ClusterFacts

_NAMESPACES = (
    "default",
    "kube-system",
    "openshift",
    "openshift-cloud-controller-manager",
    "openshift-config",
    "openshift-console",
    "openshift-image-registry",
    "openshift-ingress",
    "openshift-ingress-operator",
    "openshift-machine-config-operator",
    "openshift-marketplace",
    "openshift-operators",
)
_ROOM = {"cpu": "8", "memory": "32Gi", "pods": "250"}


def objects(facts: ClusterFacts) -> Iterator[Manifest]:
    for name in _NAMESPACES:
        yield new(NAMESPACE, name)
    for role in ("master", "worker"):
        yield new(
            MACHINE_CONFIG_POOL,
            role,
            spec={},
            status={"conditions": [{"type": "Updated", "status": "True"}]},
        )
        for index in range(3):
            labels = {f"node-role.kubernetes.io/{role}": ""}
            ready = {
                "conditions": [{"type": "Ready", "status": "True"}],
                "capacity": _ROOM,
                "allocatable": _ROOM,
            }
            yield new(NODE, f"{facts.infra_id}-{role}-{index}", labels=labels, spec={}, status=ready)
    yield new(INGRESS_CONFIG, "cluster", spec={"domain": facts.apps_domain})
    yield from _azure(facts) if facts.on_azure else (_infrastructure(facts, {"type": "None"}),)
    issuer = {"serviceAccountIssuer": ""}
    yield new(AUTHENTICATION, "cluster", spec=issuer)
    yield new(CATALOG_SOURCE, "redhat-operators", "openshift-marketplace", spec={"sourceType": "grpc"})
    pull = base64.b64encode(b'{"auths": {}}').decode()
    secret_type = "kubernetes.io/dockerconfigjson"
    yield new(SECRET, "pull-secret", "openshift-config", type=secret_type, data={".dockerconfigjson": pull})


def _infrastructure(facts: ClusterFacts, platform: Manifest) -> Manifest:
    return new(
        INFRASTRUCTURE,
        "cluster",
        spec={"platformSpec": {"type": platform["type"]}},
        status={
            "apiServerURL": facts.api_url.rstrip("/"),
            "infrastructureName": facts.infra_id,
            "platform": platform["type"],
            "platformStatus": platform,
        },
    )


def _azure(facts: ClusterFacts) -> Iterator[Manifest]:
    """What a cluster has of Azure alone."""
    groups = {
        "resourceGroupName": facts.resource_group,
        "networkResourceGroupName": facts.vnet_resource_group,
    }
    yield _infrastructure(facts, {"type": "Azure", "azure": {**groups, "cloudName": "AzurePublicCloud"}})
    cloud = {
        "cloud": "AzurePublicCloud",
        "tenantId": facts.tenant_id,
        "subscriptionId": facts.subscription_id,
        "location": facts.location,
        "resourceGroup": facts.resource_group,
        "vnetResourceGroup": facts.vnet_resource_group,
        "vnetName": facts.vnet_name,
        "subnetName": facts.subnet_name,
        "securityGroupName": facts.security_group_name,
    }
    text = {"cloud.conf": json.dumps(cloud)}
    yield new(CONFIG_MAP, "cloud-conf", "openshift-cloud-controller-manager", data=text)
