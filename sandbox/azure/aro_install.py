"""What the ARO resource provider makes around a cluster, writes into its subnets, and then says about it."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents, public_address
from sandbox.azure.groups import RESOURCE_GROUP
from sandbox.azure.kind import Account, AzureKind, PutRequest
from sandbox.azure.security_groups import NETWORK_SECURITY_GROUP
from sandbox.azure.subnets import prefixes_of
from sandbox.openshift.clusters import ClusterFacts
from sandbox.provider import Values

_MASTER_POLICIES: Final = ("privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies")


def cluster_subnets(state: Values) -> list[str]:
    """The ids of the control plane's subnet and of the workers'."""
    return [state["masterProfile"]["subnetId"], state["workerProfiles"][0]["subnetId"]]


def install(contents: Contents, request: PutRequest, state: Values) -> None:
    """The managed group with its security group, which goes onto the subnets, and the cluster in it.

    Service endpoints stay as they are: with the egress gateway, which new clusters have, the RP adds none.
    """
    infra = infra_id(request.name, request.id)
    managed, place = state["clusterProfile"]["resourceGroupId"], state["location"]
    nsg_id = f"{managed}/providers/Microsoft.Network/networkSecurityGroups/{infra}-nsg"
    parts: list[tuple[AzureKind, str, Values]] = [
        (RESOURCE_GROUP, managed, {"location": place}),
        (NETWORK_SECURITY_GROUP, nsg_id, {"location": place, "securityRules": []}),
    ]
    for kind, id_, made in parts:
        facts = {"managedBy": request.id} if kind is RESOURCE_GROUP else {}
        contents.put(
            AzureRecord(id=id_, type=kind.type, inputs=made, put=made, state=made, origin="aro", facts=facts)
        )
    for id_, node in zip(cluster_subnets(state), ("master0", f"worker-{place}1"), strict=True):
        subnet = contents[id_]
        nic = f"{managed}/providers/Microsoft.Network/networkInterfaces/{infra}-{node}-nic/ipConfigurations/pipConfig"
        subnet.facts = subnet.facts | {"usedBy": [nic]}
        if state["networkProfile"]["preconfiguredNSG"] == "Disabled":
            subnet.facts = subnet.facts | {"aroNsg": nsg_id}
            subnet.state = subnet.state | {"networkSecurityGroup": {"id": nsg_id}}
        if node == "master0":
            subnet.state = subnet.state | dict.fromkeys(_MASTER_POLICIES, "Disabled")
        contents.put(subnet)
    request.facts["infraId"] = infra
    request.clusters.create(request.name, _facts(request.id, state, infra, request.account))


def infra_id(name: str, id_: str) -> str:
    """At most 27 characters, five of them a hash where the RP has random ones."""
    base = re.sub("-{2,}", "-", re.sub("[^a-z0-9-]", "-", name.lower()))[:21].rstrip("-")
    return f"{base}-{hashlib.sha256(id_.lower().encode()).hexdigest()[:5]}"


def domain_of(state: Values) -> str:
    """The cluster's DNS name: a bare label becomes a name below Microsoft's own."""
    domain = state["clusterProfile"]["domain"]
    return domain if "." in domain else f"{domain}.{state['location']}.aroapp.io"


def _facts(id_: str, state: Values, infra: str, account: Account) -> ClusterFacts:
    domain, workers = domain_of(state), state["workerProfiles"][0]["subnetId"].split("/")
    return ClusterFacts(
        name=id_.rsplit("/", 1)[-1],
        apps_domain=f"apps.{domain}",
        api_url=f"https://api.{domain}:6443/",
        console_url=f"https://console-openshift-console.apps.{domain}/",
        location=state["location"],
        resource_group=state["clusterProfile"]["resourceGroupId"].rsplit("/", 1)[-1],
        vnet_resource_group=workers[4],
        vnet_name=workers[8],
        subnet_name=workers[10],
        security_group_name=f"{infra}-nsg",
        subscription_id=account.subscription_id,
        tenant_id=account.tenant_id,
        version=state["clusterProfile"]["version"],
        infra_id=infra,
    )


def answer(contents: Contents, record: AzureRecord, _account: Account) -> Values:
    state, infra, domain = record.state, record.facts["infraId"], domain_of(record.state)
    managed = state["clusterProfile"]["resourceGroupId"]

    def address(visibility: str, subnet_id: str, which: str, place: int) -> str:
        subnet = contents.find(subnet_id)
        if visibility == "Public" or subnet is None:
            return public_address(f"{record.id}#{which}")
        return str(prefixes_of(subnet.state)[0][place])

    api, ingress, worker = state["apiserverProfile"], state["ingressProfiles"][0], state["workerProfiles"][0]
    said: Values = {
        "provisioningState": "Succeeded",
        "consoleProfile": {"url": f"https://console-openshift-console.apps.{domain}/"},
        "apiserverProfile": api
        | {
            "url": f"https://api.{domain}:6443/",
            "ip": address(api["visibility"], state["masterProfile"]["subnetId"], "api", 4),
        },
        "ingressProfiles": [
            ingress | {"ip": address(ingress["visibility"], worker["subnetId"], "ingress", -2)}
        ],
        "workerProfilesStatus": [
            worker
            | {
                "name": f"{infra}-worker-{state['location']}{zone}",
                "count": len(range(zone - 1, int(worker["count"]), 3)),
            }
            for zone in (1, 2, 3)
        ],
        "systemData": {"createdAt": record.created, "createdByType": "Application"},
    }
    balancer = state["networkProfile"].get("loadBalancerProfile")
    if balancer:
        count = int(balancer.get("managedOutboundIps", {}).get("count", 1))
        names = [f"{infra}-pip-v4", *(f"{infra}-outbound-pip-v4-{number}" for number in range(2, count + 1))]
        addresses = [
            {"id": f"{managed}/providers/Microsoft.Network/publicIPAddresses/{name}"} for name in names
        ]
        said["networkProfile"] = state["networkProfile"] | {
            "loadBalancerProfile": balancer | {"effectiveOutboundIps": addresses}
        }
    return said
