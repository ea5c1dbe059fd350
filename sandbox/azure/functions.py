"""The functions of azure-native that the program may call."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from sandbox.azure.aro import OPENSHIFT_CLUSTER
from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.egress import NAT_GATEWAY, PUBLIC_IP_ADDRESS
from sandbox.azure.kind import Account
from sandbox.azure.peerings import PEERING
from sandbox.azure.storage import STORAGE_ACCOUNT, service_signature
from sandbox.azure.subnets import SUBNET
from sandbox.azure.virtual_networks import VIRTUAL_NETWORK
from sandbox.azure.vpn import VIRTUAL_NETWORK_GATEWAY
from sandbox.openshift.clusters import Clusters
from sandbox.provider import Refused, Values


def _admin_credentials(clusters: Clusters, name: str) -> Values:
    return {"kubeconfig": base64.b64encode(clusters.kubeconfig(name).encode()).decode()}


def _credentials(clusters: Clusters, name: str) -> Values:
    """The password follows from the kubeconfig, so there is nothing to store."""
    digest = hashlib.sha256(clusters.kubeconfig(name).encode()).hexdigest()
    password = "-".join(digest[at : at + 5] for at in range(0, 20, 5))
    return {"kubeadminUsername": "kubeadmin", "kubeadminPassword": password}


_GETS: Final = {
    "azure-native:network:getSubnet": SUBNET,
    "azure-native:network:getNatGateway": NAT_GATEWAY,
    "azure-native:network:getVirtualNetwork": VIRTUAL_NETWORK,
    "azure-native:network:getVirtualNetworkPeering": PEERING,
    "azure-native:network:getVirtualNetworkGateway": VIRTUAL_NETWORK_GATEWAY,
    "azure-native:network:getPublicIPAddress": PUBLIC_IP_ADDRESS,
}
_CREDENTIALS: Final = {
    "azure-native:redhatopenshift:listOpenShiftClusterAdminCredentials": _admin_credentials,
    "azure-native:redhatopenshift:listOpenShiftClusterCredentials": _credentials,
}


def call(token: str, args: Values, contents: Contents, account: Account, clusters: Clusters) -> Values:
    """What the function returns. Raises Refused, also for a function that is not known."""
    if token == "azure-native:authorization:getClientConfig":
        return {
            "clientId": account.client_id,
            "objectId": account.object_id,
            "subscriptionId": account.subscription_id,
            "tenantId": account.tenant_id,
        }
    if token in _CREDENTIALS:
        cluster = there(contents, OPENSHIFT_CLUSTER.id_of(args, account))
        return _CREDENTIALS[token](clusters, cluster.name)
    if token == "azure-native:storage:listStorageAccountServiceSAS":
        return service_signature(there(contents, STORAGE_ACCOUNT.id_of(args, account)), args)
    if token not in _GETS:
        raise Refused("UnknownFunction", f"the Azure stand-in knows no function {token}: see sandbox/azure")
    kind = _GETS[token]
    record = there(contents, kind.id_of(args, account))
    return {"id": record.id, **kind.outputs(contents, account, record)}


def there(contents: Contents, id_: str) -> AzureRecord:
    """The resource with this id. Raises Refused as ARM does when there is none."""
    record = contents.find(id_)
    if record is None:
        contents.group_of(id_)
        parent, network = id_.rsplit("/", 2)[0], "/providers/microsoft.network/"
        if network in parent.lower() and contents.find(parent) is not None:
            raise Refused("NotFound", f"Resource {id_} not found.")  # so this provider says it of a part
        what, holder = id_.rsplit("/providers/", maxsplit=1)[-1], id_.split("/")[4]
        message = f"The Resource '{what}' under resource group '{holder}' was not found."
        raise Refused("ResourceNotFound", message)
    return record
