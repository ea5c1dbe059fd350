"""What a run of Pulumi had made and not recorded, and how its state takes that over. Pure.

Before Pulumi makes a resource it notes the operation in the state; a run that is killed leaves the note. Where the answer of Azure
was lost, there is no note, and the next preview plans the resource again. Whether it was made, only its provider knows. Every name
in this program is given, so its id is known without asking.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_HIDDEN: Final = "[secret]"
_SLOT: Final = re.compile(r"\{(\w+)\}")
_GROUP: Final = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_NETWORK: Final = f"{_GROUP}/providers/Microsoft.Network"
_ACCOUNT: Final = f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}"
_CONTAINER: Final = f"{_ACCOUNT}/blobServices/default/containers/{{containerName}}"
_IDENTITY: Final = f"{_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}"
ADDRESSES: Final[Mapping[str, str]] = {
    "azure-native:resources:ResourceGroup": _GROUP,
    "azure-native:network:VirtualNetwork": f"{_NETWORK}/virtualNetworks/{{virtualNetworkName}}",
    "azure-native:network:Subnet": f"{_NETWORK}/virtualNetworks/{{virtualNetworkName}}/subnets/{{subnetName}}",
    "azure-native:network:VirtualNetworkPeering": (
        f"{_NETWORK}/virtualNetworks/{{virtualNetworkName}}/virtualNetworkPeerings/{{virtualNetworkPeeringName}}"
    ),
    "azure-native:network:VirtualNetworkGateway": f"{_NETWORK}/virtualNetworkGateways/{{virtualNetworkGatewayName}}",
    "azure-native:network:LocalNetworkGateway": f"{_NETWORK}/localNetworkGateways/{{localNetworkGatewayName}}",
    "azure-native:network:VirtualNetworkGatewayConnection": (
        f"{_NETWORK}/connections/{{virtualNetworkGatewayConnectionName}}"
    ),
    "azure-native:privatedns:PrivateZone": f"{_NETWORK}/privateDnsZones/{{privateZoneName}}",
    "azure-native:privatedns:PrivateRecordSet": (
        f"{_NETWORK}/privateDnsZones/{{privateZoneName}}/{{recordType}}/{{relativeRecordSetName}}"
    ),
    "azure-native:privatedns:VirtualNetworkLink": (
        f"{_NETWORK}/privateDnsZones/{{privateZoneName}}/virtualNetworkLinks/{{virtualNetworkLinkName}}"
    ),
    "azure-native:network:NatGateway": f"{_NETWORK}/natGateways/{{natGatewayName}}",
    "azure-native:network:PublicIPAddress": f"{_NETWORK}/publicIPAddresses/{{publicIpAddressName}}",
    "azure-native:network:NetworkSecurityGroup": f"{_NETWORK}/networkSecurityGroups/{{networkSecurityGroupName}}",
    "azure-native:redhatopenshift:OpenShiftCluster": (
        f"{_GROUP}/providers/Microsoft.RedHatOpenShift/openShiftClusters/{{resourceName}}"
    ),
    "azure-native:managedidentity:UserAssignedIdentity": _IDENTITY,
    "azure-native:managedidentity:FederatedIdentityCredential": (
        f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}"
    ),
    "azure-native:storage:StorageAccount": _ACCOUNT,
    "azure-native:storage:BlobServiceProperties": f"{_ACCOUNT}/blobServices/{{blobServicesName}}",
    "azure-native:storage:BlobContainer": _CONTAINER,
    "azure-native:storage:BlobContainerImmutabilityPolicy": (
        f"{_CONTAINER}/immutabilityPolicies/{{immutabilityPolicyName}}"
    ),
    "azure-native:resources:Resource": (
        f"{_GROUP}/providers/{{resourceProviderNamespace}}/{{resourceType}}/{{resourceName}}"
    ),
    "azure-native:authorization:RoleAssignment": (
        "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"
    ),
    "azure-native:authorization:RoleDefinition": (
        "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}"
    ),
}
"""By type, the id with the names of the inputs that fill it, as azure-native has them."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """``document`` is the export without pending operations. URNs: ``looked_for`` may have been made and were put into the state
    under the id that they would have; ``planned`` likewise, though no run is known to have begun with them; ``changed`` were being
    changed or deleted; ``forgotten`` have no id that can be known.

    A refresh of all but the last removes what is not there and reads the rest.
    """

    document: dict[str, Any]
    looked_for: tuple[str, ...]
    planned: tuple[str, ...]
    changed: tuple[str, ...]
    forgotten: tuple[str, ...]


def settled(exported: Mapping[str, Any], steps: Iterable[Mapping[str, Any]] = ()) -> Settled:
    """What to do with ``exported``, as `pulumi stack export` prints it; ``steps`` are those that `pulumi preview --json` does."""
    deployment = dict(exported["deployment"])
    resources: list[dict[str, Any]] = list(deployment.get("resources") or [])
    known = {each["urn"] for each in resources}
    looked_for: list[str] = []
    changed: list[str] = []
    planned: list[str] = []
    forgotten: list[str] = []
    operations: list[dict[str, Any]] = deployment.pop("pending_operations", None) or []
    for operation in operations:
        resource: dict[str, Any] = operation["resource"]
        urn = str(resource["urn"])
        if urn in known:
            changed.append(urn)
        elif operation["type"] == "creating" and (id_ := _id(resource, resources)):
            resources.append({**resource, "id": id_})
            known.add(urn)
            looked_for.append(urn)
        else:
            forgotten.append(urn)
    for step in steps:
        resource = step.get("newState") or {}
        urn = str(step.get("urn"))
        new = step.get("op") == "create" and str(resource.get("type")).startswith("azure-native:")
        if new and urn not in known and _rests_on(resource) <= known and (id_ := _id(resource, resources)):
            resources.append({**resource, "id": id_, "inputs": _without_secrets(resource["inputs"])})
            known.add(urn)
            planned.append(urn)
    deployment["resources"] = resources
    return Settled(
        document={**exported, "deployment": deployment},
        looked_for=tuple(looked_for),
        planned=tuple(planned),
        changed=tuple(dict.fromkeys(changed)),
        forgotten=tuple(forgotten),
    )


def _rests_on(resource: Mapping[str, Any]) -> set[str]:
    """URNs without which the state would contradict itself."""
    provider = str(resource.get("provider", "")).rpartition("::")[0]
    return {urn for urn in (resource.get("parent"), provider, *(resource.get("dependencies") or ())) if urn}


def _without_secrets(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A preview hides them; without them the next update sets them again."""
    return {name: value for name, value in inputs.items() if _HIDDEN not in json.dumps(value)}


def azure_id(type_: str, inputs: Mapping[str, Any], subscription_id: str | None) -> str | None:
    """The ARM id that a resource of azure-native has where it exists; None where only its provider could have known."""
    values = {**inputs, "subscriptionId": subscription_id}
    address = ADDRESSES.get(type_)
    if address is None or not all(isinstance(values.get(slot), str) for slot in _SLOT.findall(address)):
        return None
    return _SLOT.sub(lambda slot: str(values[slot[1]]).strip("/"), address)


def _id(resource: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> str | None:
    """``others`` has the provider of ``resource``, which knows the subscription."""
    inputs = _inputs(resource)
    if str(resource["type"]).startswith("kubernetes:"):
        metadata: Mapping[str, Any] = inputs.get("metadata") or {}
        return "/".join(filter(None, (metadata.get("namespace"), metadata.get("name")))) or None
    provider = str(resource.get("provider", "")).rpartition("::")[0]
    subscriptions = [_inputs(each).get("subscriptionId") for each in others if each["urn"] == provider]
    return azure_id(str(resource["type"]), inputs, next(iter(subscriptions), None))


def _inputs(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return resource.get("inputs") or {}
