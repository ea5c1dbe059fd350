"""What the recording harness answers for Azure, OpenShift and the random provider, where a test says nothing else."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.runtime import mocks

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
APPS_DOMAIN = "apps.example.eastus2.aroapp.io"
# A CA certificate for documents that must hold one, valid until 2126; its key was thrown away.
CA_PEM = """\
-----BEGIN CERTIFICATE-----
MIIBYDCCAQWgAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAt0ZXN0IEtC
UyBDQTAgFw0yNjAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLdGVzdCBLQlMgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATWeCSH+C+S
rS4D6Itt830ZgqH6RTO5r0R21D89oNxLxjtER1DPw2zHcV/R2S+NouFNsGFx0Fyz
glqdCmIRpBAAo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBhjAd
BgNVHQ4EFgQUh+xD7+ero5vW5+MfavUfpynx/oMwCgYIKoZIzj0EAwIDSQAwRgIh
ALc/7GqbeBsbhW9+KPsxPAMQRXVKwsS8cOUbjuWL8qltAiEA8286i2dQXrsH7oY+
h1pnPbwkZljuhkISjusI/3MRovQ=
-----END CERTIFICATE-----
"""

Invokes = Mapping[str, dict[str, Any] | Callable[[Mapping[str, Any]], dict[str, Any]]]
Answers = Mapping[str, Callable[[mocks.MockResourceArgs], dict[str, Any]]]


def arm_id(args: mocks.MockResourceArgs) -> str:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group/providers"
    if args.typ == "azure-native:network:Subnet":  # the program reads this one's names
        return f"{group}/Microsoft.Network/virtualNetworks/vnet/subnets/{args.name}"
    return f"{group}/{args.typ}/{args.name}"


def _secret_data(args: mocks.MockResourceArgs) -> dict[str, Any]:
    return {"data": {"ca.crt": base64.b64encode(CA_PEM.encode()).decode()}} if args.resource_id else {}


def _config_map(args: mocks.MockResourceArgs) -> dict[str, Any]:
    cloud_conf = {
        "subscriptionId": SUBSCRIPTION,
        "tenantId": "tenant",
        "location": "eastus2",
        "resourceGroup": "machines",
        "vnetResourceGroup": "network",
        "vnetName": "vnet",
        "subnetName": "workers",
        "securityGroupName": "nsg",
    }
    return {"data": {"cloud.conf": json.dumps(cloud_conf)}} if args.resource_id else {}


def _command(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """Of the commands that install a cluster: what it is installed as, or its kubeconfig."""
    environment = args.inputs["environment"]
    said = environment.get("value", environment).get("INSTALL_CONFIG")
    return {"stdout": f'{said}\n---\n{{"infraID": "lab-abcde"}}' if said else "canary-kubeconfig"}


ANSWERS: Answers = {
    "command:local:Command": _command,
    "azure-native:redhatopenshift:OpenShiftCluster": lambda _: {
        "apiserverProfile": {"url": "https://api.example.eastus2.aroapp.io:6443/", "visibility": "Public"}
    },
    "azure-native:resources:Resource": lambda args: {
        "name": args.inputs["resourceName"],
        # A request lists the identities; the answer is a mapping.
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
        "properties": {
            "clusterProfile": {"oidcIssuer": "https://oic.aro.azure.com/tenant/issuer"},
            "apiserverProfile": {"url": "https://api.example.eastus2.aroapp.io:6443/"},
        },
    },
    "azure-native:managedidentity:UserAssignedIdentity": lambda args: {
        "name": args.inputs["resourceName"],
        "principalId": f"principal-of-{args.name}",
        "clientId": f"client-of-{args.name}",
    },
    "azure-native:network:PublicIPAddress": lambda _: {"ipAddress": "203.0.113.7"},
    "azure-native:network:VirtualNetwork": lambda args: {"name": args.inputs["virtualNetworkName"]},
    "azure-native:storage:StorageAccount": lambda args: {"name": args.inputs["accountName"]},
    "azure-native:storage:BlobContainer": lambda args: {"name": args.inputs["containerName"]},
    "azure-native:resources:ResourceGroup": lambda args: {"name": args.inputs["resourceGroupName"]},
    "kubernetes:config.openshift.io/v1:Ingress": lambda _: {"spec": {"domain": APPS_DOMAIN}},
    "kubernetes:config.openshift.io/v1:Infrastructure": lambda _: {
        "status": {"apiServerURL": "https://api.example:6443"}
    },
    "kubernetes:cert-manager.io/v1:Certificate": lambda args: (
        {"status": {"notBefore": "2026-01-01T00:00:00Z"}} if args.resource_id else {}
    ),
    "kubernetes:core/v1:Secret": _secret_data,
    "kubernetes:core/v1:ConfigMap": _config_map,
    "random:index/randomPassword:RandomPassword": lambda args: {"result": f"generated-{args.name}"},
    "random:index/randomBytes:RandomBytes": lambda args: {
        "base64": base64.b64encode(bytes(int(args.inputs["length"]))).decode()
    },
}


def _subnet(args: Mapping[str, Any]) -> dict[str, Any]:
    """A subnet of /23 by its name; that of workers of an existing cluster, and of confidential pods, with a NAT gateway."""
    name = str(args["subnetName"])
    number = {"openshift-control-plane": 0, "openshift-workers": 2}.get(name, 4)
    gateway = {"natGateway": {"id": "/nat"}} if number == 4 else {}
    return {"name": name, "addressPrefix": f"10.96.{number}.0/23", **gateway}


def _gateway(args: Mapping[str, Any]) -> dict[str, Any]:
    other = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{args['resourceGroupName']}/providers/Microsoft.Network"
    end = {
        "subnet": {"id": f"{other}/virtualNetworks/other/subnets/GatewaySubnet"},
        "publicIPAddress": {"id": f"{other}/publicIPAddresses/other"},
    }
    return {"ipConfigurations": [end]}


INVOKES: Invokes = {
    "azure-native:redhatopenshift:listOpenShiftClusterAdminCredentials": {
        "kubeconfig": base64.b64encode(b"apiVersion: v1\nkind: Config\n").decode()
    },
    "azure-native:storage:listStorageAccountServiceSAS": {
        "serviceSasToken": "sp=rcl&sr=c&spr=https&se=2027-06-30T23:59:59Z&sig=canary-signature"
    },
    "azure-native:network:getSubnet": _subnet,
    "azure-native:network:getVirtualNetwork": lambda args: {
        "name": args["virtualNetworkName"],
        "location": "eastus2",
        "addressSpace": {"addressPrefixes": ["10.96.0.0/16"]},
    },
    "azure-native:network:getVirtualNetworkPeering": {"peeringState": "Initiated"},
    "azure-native:network:getVirtualNetworkGateway": _gateway,
    "azure-native:network:getPublicIPAddress": {"ipAddress": "198.51.100.7"},
}
