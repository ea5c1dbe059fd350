"""Azure Red Hat OpenShift: creating a cluster, what that does around it, and deleting it.

After Azure/ARO-RP of August 2026: pkg/validate/dynamic/dynamic.go, pkg/cluster/{install,deploybaseresources,delete}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sandbox.azure import aro_changes, aro_rules
from sandbox.azure.aro_install import answer, cluster_subnets, domain_of, install
from sandbox.azure.authorization import ARO_RP_APPLICATION, may_write_network, readers
from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.kind import AzureKind, NameRule, PutRequest
from sandbox.azure.subnets import SUBNET, prefixes_of
from sandbox.openshift.clusters import Clusters
from sandbox.provider import Refused, Values

_DEFAULT_VERSION: Final = "4.19.24"


def _put(contents: Contents, request: PutRequest) -> Values:
    if request.existing:
        kept = request.existing.state["clusterProfile"]
        profile = {"version": kept["version"], **request.inputs["clusterProfile"]}
        return request.inputs | {"clusterProfile": profile}
    state = with_defaults(request.inputs)
    others = [other.state for other in contents.of(OPENSHIFT_CLUSTER.type)]
    check_domain(others, state)
    _check_client(contents, state)
    check_managed_group(others, state)
    rights = _Rights(contents, state)
    check_network(contents, state, rights.check)
    check_disks(contents, state, principals=2)
    check_no_managed_group(contents, state)
    request.facts["principals"] = sorted(rights.principals or ())
    install(contents, request, state)
    return state


def with_defaults(inputs: Values) -> Values:
    cluster = {"version": _DEFAULT_VERSION, **inputs["clusterProfile"]}
    # The RP lower-cases this id before it stores it, and later compares it case-sensitively.
    cluster["resourceGroupId"] = cluster["resourceGroupId"].lower()
    network = {"outboundType": "Loadbalancer", "preconfiguredNSG": "Disabled", **inputs["networkProfile"]}
    if network["outboundType"] == "Loadbalancer":
        network.setdefault("loadBalancerProfile", {"managedOutboundIps": {"count": 1}})
    return inputs | {"clusterProfile": cluster, "networkProfile": network}


def check_domain(others: Iterable[Values], state: Values) -> None:
    """Raises Refused for a domain that one of the `others` has."""
    if any(domain_of(other) == domain_of(state) for other in others):
        domain = state["clusterProfile"]["domain"]
        raise Refused("DuplicateDomain", f"The provided domain '{domain}' is already in use by a cluster.")


def check_managed_group(others: Iterable[Values], state: Values) -> None:
    """Raises Refused for a managed group that one of the `others` in the region has."""
    managed = state["clusterProfile"]["resourceGroupId"]
    for other in others:
        if other["location"] == state["location"] and other["clusterProfile"]["resourceGroupId"] == managed:
            raise Refused(
                "DuplicateResourceGroup",
                f"The provided resource group '{managed}' already contains a cluster.",
            )


def check_no_managed_group(contents: Contents, state: Values) -> None:
    """Raises Refused where there is a group of the name already, whoever made it."""
    managed = state["clusterProfile"]["resourceGroupId"]
    if contents.find(managed):
        raise Refused(
            "ClusterResourceGroupAlreadyExists", f"Resource group {managed} must not already exist."
        )


def _check_client(contents: Contents, state: Values) -> None:
    client = state["servicePrincipalProfile"]["clientId"]
    for other in contents.of(OPENSHIFT_CLUSTER.type):
        if (
            other.state["location"] == state["location"]
            and other.state["servicePrincipalProfile"]["clientId"].lower() == client.lower()
        ):
            raise Refused(
                "DuplicateClientID",
                f"The provided service principal with client ID '{client}' is already in use by a cluster.",
            )


def check_disks(contents: Contents, state: Values, principals: int) -> None:
    """Raises Refused where not so many principals, that of the RP among them, may read the key of the disks."""
    key = state["masterProfile"].get("diskEncryptionSetId")
    if key and len(readers(contents, key)) < principals:
        raise Refused(
            "InvalidResourceProviderPermissions",
            f"A service principal does not have Reader permission on disk encryption set '{key}'.",
        )


def check_network(contents: Contents, state: Values, may_use: Callable[[str, str], None]) -> None:
    """Raises Refused for a network that the RP does not take. `may_use` is asked for each part: what it is, and its id."""
    subnets: list[AzureRecord] = []
    for id_ in cluster_subnets(state):
        subnet = contents.find(id_)
        if subnet is None:
            raise Refused("InvalidLinkedVNet", f"The provided subnet '{id_}' could not be found.")
        subnets.append(subnet)
    vnet = contents[subnets[0].id.rsplit("/subnets/", 1)[0]]
    may_use("vnet", vnet.id)
    if vnet.state["location"] != state["location"]:
        raise Refused(
            "InvalidLinkedVNet",
            f"The vnet location '{vnet.state['location']}' must match the cluster location '{state['location']}'.",
        )
    own_groups = state["networkProfile"]["preconfiguredNSG"] == "Enabled"
    for subnet in subnets:
        if gateway := subnet.state.get("natGateway"):
            may_use("nat gateway", gateway["id"])
        attached = subnet.state.get("networkSecurityGroup")
        if attached and not own_groups:
            message = f"The provided subnet '{subnet.id}' is invalid: must not have a network security group attached."
            raise Refused("InvalidLinkedVNet", message)
        if own_groups and not attached:
            raise Refused(
                "InvalidLinkedVNet",
                "When the enable-preconfigured-nsg option is specified, both the master and worker subnets should have network"
                " security groups (NSG) attached to them before starting the cluster installation.",
            )
        if attached:
            may_use("network security group", attached["id"])
        if any(prefix.prefixlen > 27 for prefix in prefixes_of(subnet.state)):
            raise Refused(
                "InvalidLinkedVNet", f"The provided subnet '{subnet.id}' is invalid: must be /27 or larger."
            )
    _check_overlap(subnets, state)


class _Rights:
    """Which principals may write all that was asked for: those of the cluster and of the RP must be among them.

    A request names its service principal by the application, role assignments name it by the object in the directory, and
    the stand-in has no directory: it asks for two principals, not for which two. The ids of applications do not count.
    """

    def __init__(self, contents: Contents, state: Values) -> None:
        self._contents = contents
        self._client = state["servicePrincipalProfile"]["clientId"]
        self.principals: set[str] | None = None

    def check(self, what: str, id_: str) -> None:
        may = may_write_network(self._contents, id_) - {self._client.lower(), ARO_RP_APPLICATION}
        may = may if self.principals is None else may & self.principals
        if len(may) < 2:
            who, app, prefix = ("resource provider", ARO_RP_APPLICATION, "InvalidResourceProvider")
            if not may:
                who, app, prefix = ("cluster", self._client, "InvalidServicePrincipal")
            raise Refused(
                f"{prefix}Permissions",
                f"The {who} service principal (Application ID: {app}) does not have required permissions on {what} '{id_}'.",
            )
        self.principals = may


def _check_overlap(subnets: list[AzureRecord], state: Values) -> None:
    ranges = [str(prefix) for subnet in subnets for prefix in prefixes_of(subnet.state)]
    ranges += [state["networkProfile"]["podCidr"], state["networkProfile"]["serviceCidr"]]
    networks = prefixes_of({"addressPrefixes": ranges})
    for index, first in enumerate(networks):
        for second in networks[index + 1 :]:
            if first.overlaps(second):
                raise Refused(
                    "InvalidLinkedVNet",
                    f"The provided CIDRs must not overlap: '{first} overlaps with {second}'.",
                )


def _delete(contents: Contents, record: AzureRecord, clusters: Clusters) -> None:
    def may_detach(id_: str) -> bool:
        return set(record.facts["principals"]) <= may_write_network(contents, id_)

    uninstall(contents, record.name, record.state, clusters, may_detach)


def uninstall(
    contents: Contents, name: str, state: Values, clusters: Clusters, may_detach: Callable[[str], bool]
) -> None:
    """The RP takes its security group off the subnets first, which needs the rights it had at the beginning."""
    managed = state["clusterProfile"]["resourceGroupId"]
    for id_ in cluster_subnets(state):
        subnet = contents.find(id_)
        if subnet is None:
            continue
        if "aroNsg" in subnet.facts:
            _check_may_detach(subnet, may_detach)
            subnet.state = {
                name: value for name, value in subnet.state.items() if name != "networkSecurityGroup"
            }
        subnet.facts = {name: value for name, value in subnet.facts.items() if name != "aroNsg"}
        contents.put(subnet)
    _remove_network_cards(contents, managed)
    clusters.delete(name)
    contents.remove(managed)


def _remove_network_cards(contents: Contents, managed: str) -> None:
    """Those of the managed group, whoever made them: also what a peer pod left behind in a subnet that is none of the cluster's."""
    for subnet in contents.of(SUBNET.type):
        users = subnet.facts.get("usedBy", [])
        if left := [each for each in users if not each.lower().startswith(f"{managed.lower()}/")]:
            subnet.facts = subnet.facts | {"usedBy": left}
        else:
            subnet.facts = {name: value for name, value in subnet.facts.items() if name != "usedBy"}
        if users != left:
            contents.put(subnet)


def _check_may_detach(subnet: AzureRecord, may_detach: Callable[[str], bool]) -> None:
    needed = [subnet.id] + ([subnet.state["natGateway"]["id"]] if "natGateway" in subnet.state else [])
    for id_ in needed:
        if not may_detach(id_):
            raise Refused(
                "InvalidLinkedSubnet",
                f"Failed to update subnet '{subnet.id}'. AuthorizationFailed: the identities of the cluster and of the"
                f" resource provider need the role assignments they had when the cluster was made, among them one over '{id_}'."
                " Make them again, then delete the cluster.",
            )


def _unchangeable(_contents: Contents, record: AzureRecord, request: PutRequest) -> None:
    aro_changes.refuse_changes(record.state, request.inputs, request.old_inputs)


OPENSHIFT_CLUSTER: Final = AzureKind(
    type="azure-native:redhatopenshift:OpenShiftCluster",
    arm_type="Microsoft.RedHatOpenShift/openShiftClusters",
    api_version="2023-11-22",
    address=(
        "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
        "/providers/Microsoft.RedHatOpenShift/openShiftClusters/{resourceName}"
    ),
    properties=aro_rules.PROPERTIES,
    replacing=frozenset({"location"}),
    names=NameRule(
        r"(?i)[-a-z0-9_().]{0,89}[-a-z0-9_()]",
        "InvalidResourceName",
        "The provided resource name '{name}' is invalid.",
    ),
    problems=aro_rules.problems,
    unchangeable=_unchangeable,
    put=_put,
    respond=answer,
    delete=_delete,
)
