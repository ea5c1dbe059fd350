"""Azure Red Hat OpenShift with managed identities: azure-native's general resource with a body of API 2025-07-25.

After Azure/ARO-RP of August 2026: pkg/api/v20250725, pkg/validate/dynamic/platformworkloadidentityprofile.go and
hack/devtools/platform_workload_identity_role_sets.yaml. Of the general resource this type alone is known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sandbox.azure import aro_changes, aro_rules
from sandbox.azure.aro import (
    OPENSHIFT_CLUSTER,
    check_disks,
    check_domain,
    check_managed_group,
    check_network,
    check_no_managed_group,
    uninstall,
    with_defaults,
)
from sandbox.azure.aro_install import answer, cluster_subnets, install
from sandbox.azure.authorization import has_role, may_write_network
from sandbox.azure.cloud import AzureRecord, Contents, guid
from sandbox.azure.identities import USER_ASSIGNED_IDENTITY, credentials_of
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest
from sandbox.azure.schema import MAP, TEXT, Prop, choice, computed, group, known, required
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values

_FEDERATED_CREDENTIAL: Final = "ef318e2a-8334-4a05-9e4a-295a196c6a6e"
_SUBNETS, _VNET, _NOTHING = "subnets", "vnet", "nothing"
# By the name of the operator: its role, and where the RP asks for it. All of them, and no other, for OpenShift 4.16 to 4.21.
_OPERATORS: Final = {
    "cloud-controller-manager": ("a1f96423-95ce-4224-ab27-4e3dc72facd4", _SUBNETS),
    "ingress": ("0336e1d3-7a87-462b-b6db-342b63f7802c", _SUBNETS),
    "machine-api": ("0358943c-7e01-48ba-8889-02cc51d78637", _SUBNETS),
    "disk-csi-driver": ("5b7237c5-45e1-49d6-bc18-a1f62f400748", _NOTHING),
    "cloud-network-config": ("be7a6435-15ae-4171-8f30-4a343eff9e8f", _VNET),
    "image-registry": ("8b32b316-c2f5-4ddf-b05b-83dacd2d08b5", _VNET),
    "file-csi-driver": ("0d7aedc0-15fd-4a67-a412-efad370c947e", _VNET),
    "aro-operator": ("4436bae4-7702-4c84-919b-c4069ff25ee2", _SUBNETS),
}
_JOINS_NAT: Final = ("cloud-controller-manager", "file-csi-driver", "aro-operator")
_JOINS_NSG: Final = (*_JOINS_NAT, "machine-api")
_READS_DISKS: Final = ("machine-api", "disk-csi-driver")
_PROFILES: Final = {
    **aro_rules.PROFILES,
    "clusterProfile": required(
        group(**aro_rules.PROFILES["clusterProfile"].fields, oidcIssuer=computed(TEXT))
    ),
    "platformWorkloadIdentityProfile": required(
        group(platformWorkloadIdentities=required(MAP), upgradeableTo=TEXT)
    ),
}
_OF_CHANGES: Final = {
    "location": TEXT,
    "tags": MAP,
    **{name: prop for name, prop in _PROFILES.items() if name != "platformWorkloadIdentityProfile"},
}


def _flat(state: Values) -> Values:
    """The cluster in the shape of the older API, which the rules of both know."""
    return state.get("properties", {}) | {
        name: state[name] for name in ("location", "tags", "resourceGroupName") if name in state
    }


def _problems(account: Account, inputs: Values) -> Iterator[InputProblem]:
    if inputs.get("properties") == UNKNOWN:
        return
    for problem in aro_rules.problems(account, _flat(inputs)):
        yield replace(problem, property=f"properties.{problem.property}")
    kind, given = known(inputs, "identity.type"), known(inputs, "identity.userAssignedIdentities")
    if kind is not None and given is not None and (kind != "UserAssigned" or len(given) != 1):
        message = "The cluster must have exactly one user-assigned identity."
        yield InputProblem("identity", "InvalidParameter", message)
    operators = known(inputs, "properties.platformWorkloadIdentityProfile.platformWorkloadIdentities")
    if operators is not None and set(operators) != set(_OPERATORS):
        yield InputProblem(
            "properties.platformWorkloadIdentityProfile.platformWorkloadIdentities",
            "PlatformWorkloadIdentityMismatch",
            f"There's a mismatch between the required and expected set of platform workload identities: {sorted(_OPERATORS)}"
            " are needed.",
        )


def _put(contents: Contents, request: PutRequest) -> Values:
    wanted = _flat(request.inputs)
    if request.existing:
        kept = _flat(request.existing.state)["clusterProfile"]["version"]
        profile = {"version": kept, **wanted["clusterProfile"]}
    else:
        state = with_defaults(wanted)
        others = [other.state for other in contents.of(OPENSHIFT_CLUSTER.type)]
        others += [_flat(other.state) for other in contents.of(MANAGED_CLUSTER.type)]
        check_domain(others, state)
        check_managed_group(others, state)
        _check_identities(contents, request)
        check_network(contents, state, lambda what, id_: _check_resource_provider(contents, what, id_))
        check_disks(contents, state, principals=1)
        for name, (role, where) in _OPERATORS.items():
            _check_operator(contents, request, state, name, role, where)
        check_no_managed_group(contents, state)
        install(contents, request, state)
        profile = state["clusterProfile"]
        wanted = state
    properties = {name: value for name, value in wanted.items() if name in _PROFILES}
    return request.inputs | {"properties": properties | {"clusterProfile": profile}}


def _principal(identity: AzureRecord) -> str:
    return guid(f"{identity.id}#principal")


def _identity(contents: Contents, id_: str) -> AzureRecord:
    found = contents.find(id_)
    if found is None or found.type != USER_ASSIGNED_IDENTITY.type:
        raise Refused("InvalidParameter", f"The identity '{id_}' could not be found.")
    return found


def _operator_identity(contents: Contents, properties: Values, name: str) -> AzureRecord:
    said = properties["platformWorkloadIdentityProfile"]["platformWorkloadIdentities"][name]
    return _identity(contents, said["resourceId"])


def _check_identities(contents: Contents, request: PutRequest) -> None:
    cluster = _identity(contents, request.inputs["identity"]["userAssignedIdentities"][0])
    for other in contents.of(MANAGED_CLUSTER.type):
        if other.state["identity"]["userAssignedIdentities"][0].lower() == cluster.id.lower():
            message = f"The provided user assigned identity '{cluster.id}' is already in use by a cluster."
            raise Refused("DuplicateClientID", message)
    for name in _OPERATORS:
        identity = _operator_identity(contents, request.inputs["properties"], name)
        if credentials_of(contents, identity.id):
            raise Refused(
                "PlatformWorkloadIdentityContainsInvalidFederatedCredential",
                f"Unexpected federated credential found on platform workload identity '{identity.id}' used for role '{name}'."
                " Please ensure only federated credentials provisioned by the ARO service for this cluster are present.",
            )
        if not has_role(contents, _principal(cluster), _FEDERATED_CREDENTIAL, identity.id):
            raise Refused(
                "InvalidClusterMSIPermissions",
                f"The cluster managed identity does not have required permissions on platform workload identity '{identity.id}'.",
            )


def _check_resource_provider(contents: Contents, what: str, id_: str) -> None:
    if not may_write_network(contents, id_):
        raise Refused(
            "InvalidResourceProviderPermissions",
            f"The resource provider service principal does not have required permissions on {what} '{id_}'.",
        )


def _check_operator(
    contents: Contents, request: PutRequest, state: Values, name: str, role: str, where: str
) -> None:
    subnets = cluster_subnets(state)
    vnet = subnets[0].rsplit("/subnets/", 1)[0]
    by_scope: dict[str, list[str]] = {_SUBNETS: subnets, _VNET: [vnet], _NOTHING: []}
    needed = by_scope[where]
    for attached, joining in (("natGateway", _JOINS_NAT), ("networkSecurityGroup", _JOINS_NSG)):
        if name in joining:
            found: list[Values] = [contents[id_].state.get(attached) or {} for id_ in subnets]
            needed = [*needed, *dict.fromkeys(str(each["id"]) for each in found if each)]
    key = state["masterProfile"].get("diskEncryptionSetId")
    if key and name in _READS_DISKS:
        needed = [*needed, key]
    principal = _principal(_operator_identity(contents, request.inputs["properties"], name))
    for id_ in needed:
        if not has_role(contents, principal, role, id_):
            raise Refused(
                "InvalidWorkloadIdentityPermissions",
                f"The {name} platform managed identity does not have required permissions on '{id_}'.",
            )


def _unchangeable(_contents: Contents, record: AzureRecord, request: PutRequest) -> None:
    if request.inputs.get("properties") != UNKNOWN:
        old: Values = {"clusterProfile": known(request.old_inputs, "properties.clusterProfile") or {}}
        aro_changes.refuse_changes(_flat(record.state), _flat(request.inputs), old, _OF_CHANGES)


def _respond(contents: Contents, record: AzureRecord, account: Account) -> Values:
    said = answer(contents, replace(record, state=_flat(record.state)), account)
    properties = record.state["properties"] | {
        name: value for name, value in said.items() if name in _PROFILES
    }
    issuer = f"https://oic.aro.azure.com/{account.tenant_id}/{guid(f'{record.id}#issuer')}"
    profile = properties["clusterProfile"] | {"oidcIssuer": issuer}
    # A request lists the identities; the answer is a mapping.
    identities = {
        id_: {"clientId": guid(f"{id_}#client"), "principalId": guid(f"{id_}#principal")}
        for id_ in record.state["identity"]["userAssignedIdentities"]
    }
    return {
        "properties": properties | {"clusterProfile": profile},
        "identity": record.state["identity"] | {"userAssignedIdentities": identities},
        "systemData": said["systemData"],
    }


def _delete(contents: Contents, record: AzureRecord, clusters: Clusters) -> None:
    """The RP takes away the federated credentials that it made, as the cluster's identity, and needs its own rights as well."""
    cluster = _identity(contents, record.state["identity"]["userAssignedIdentities"][0])
    for name in _OPERATORS:
        operator = _operator_identity(contents, record.state["properties"], name)
        if not has_role(contents, _principal(cluster), _FEDERATED_CREDENTIAL, operator.id):
            raise Refused(
                "InvalidClusterMSIPermissions",
                f"The cluster managed identity may not delete the federated credentials of '{operator.id}'. Give it the role"
                " again, then delete the cluster.",
            )
    state = _flat(record.state)
    uninstall(contents, record.name, state, clusters, lambda id_: bool(may_write_network(contents, id_)))


MANAGED_CLUSTER: Final = AzureKind(
    type="azure-native:resources:Resource",
    arm_type=OPENSHIFT_CLUSTER.arm_type,
    api_version="2024-03-01",
    address=(
        "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
        "/providers/{resourceProviderNamespace}/{resourceType}/{resourceName}"
    ),
    properties={
        "apiVersion": required(choice("2025-07-25")),
        "parentResourcePath": Prop(kind=str, required=True, may_be_empty=True, choices=("",)),
        "location": TEXT,
        "tags": MAP,
        "identity": required(
            group(
                type=required(choice("UserAssigned")),
                # A request lists them; the answer is a mapping.
                userAssignedIdentities=Prop(kind=list, item=TEXT, required=True, reshaped=True),
            )
        ),
        "properties": required(group(**_PROFILES)),
        "systemData": computed(MAP),
    },
    names=OPENSHIFT_CLUSTER.names,
    problems=_problems,
    unchangeable=_unchangeable,
    put=_put,
    respond=_respond,
    delete=_delete,
)
