"""The Azure stand-in as a provider: azure-native's life cycle around the rules of each resource type.

Where it differs from azure-native: names are never made up, so a resource must be given one; a create that finds exactly
what it would make returns it, so that an interrupted run converges, where azure-native asks for an import; and a change
that Azure would refuse is refused in the preview already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from model.azure import vm_sizes
from sandbox.azure import (
    aro,
    aro_managed,
    authorization,
    egress,
    groups,
    identities,
    peerings,
    private_dns,
    schema,
    security_groups,
    storage,
    subnets,
    virtual_networks,
    vpn,
)
from sandbox.azure.cloud import AzureRecord, Cloud, Contents
from sandbox.azure.existing import (
    add_existing,
    add_existing_network,
    add_existing_other,
    add_existing_subnets,
)
from sandbox.azure.faults import Faults
from sandbox.azure.functions import call, there
from sandbox.azure.kind import Account, AzureKind, InputProblem, PutRequest
from sandbox.openshift.clusters import ClusterFacts, Clusters
from sandbox.provider import UNKNOWN, Diff, Failure, Refused, Values

# In the order in which the contents of a resource group can be deleted.
KINDS: Final = {
    kind.type: kind
    for kind in (
        aro.OPENSHIFT_CLUSTER,
        storage.IMMUTABILITY_POLICY,
        storage.BLOB_CONTAINER,
        storage.BLOB_SERVICE,
        storage.STORAGE_ACCOUNT,
        aro_managed.MANAGED_CLUSTER,
        peerings.PEERING,
        private_dns.LINK,
        private_dns.RECORD_SET,
        private_dns.PRIVATE_ZONE,
        vpn.CONNECTION,
        vpn.LOCAL_NETWORK_GATEWAY,
        vpn.VIRTUAL_NETWORK_GATEWAY,
        virtual_networks.VIRTUAL_NETWORK,
        subnets.SUBNET,
        egress.NAT_GATEWAY,
        egress.PUBLIC_IP_ADDRESS,
        security_groups.NETWORK_SECURITY_GROUP,
        identities.FEDERATED_CREDENTIAL,
        identities.USER_ASSIGNED_IDENTITY,
        authorization.ROLE_ASSIGNMENT,
        authorization.ROLE_DEFINITION,
        groups.RESOURCE_GROUP,
    )
}


class AzureStandIn:
    """Implements `sandbox.provider.Provider`. `path` is the cloud's file; orders for faults are looked for beside it."""

    def __init__(self, path: Path, clusters: Clusters, account: Account | None = None) -> None:
        self.cloud = Cloud(path)
        self.clusters = clusters
        self.account = account or Account()
        self._faults = Faults(path.with_name("faults.json"))

    def for_provider(self, provider_inputs: Values) -> AzureStandIn:
        """The same cloud as the inputs of an azure-native provider see it: their subscription, tenant and identity."""
        named = {"subscription_id": "subscriptionId", "tenant_id": "tenantId", "client_id": "clientId"}
        given = {field: provider_inputs[name] for field, name in named.items() if provider_inputs.get(name)}
        return AzureStandIn(self.cloud.path, self.clusters, replace(self.account, **given))

    def resources(self) -> list[str]:
        """The ids of all there is, but for what `existing_cluster` put there."""
        return sorted(record.id for record in self.cloud.look() if record.origin != "existing")

    def existing_cluster(self, facts: ClusterFacts) -> None:
        """Makes the network of a cluster that the program finds and does not make."""
        add_existing(self.cloud, facts)

    def existing_subnets(self, place: str, vnet: str, names: Mapping[str, str]) -> None:
        """Subnets that were there before the program, by controlPlane, workers and peerPods, with what they need, in the region `place`."""
        add_existing_subnets(self.cloud, place, vnet, names)

    def existing_network(self, place: str, vnet: str) -> None:
        """A network of somebody else's, in the region `place`."""
        add_existing_network(self.cloud, place, vnet)

    def existing_other(self, place: str, id_: str) -> None:
        """Something of somebody else's that the stand-in knows nothing of, such as a disk encryption set or a route table."""
        add_existing_other(self.cloud, place, id_)

    def change_by_hand(self, id_: str, **changes: object) -> None:
        """What somebody does in the portal: sets properties of a resource; None takes one away."""
        with self.cloud.change() as contents:
            record = there(contents, id_)
            record.state = schema.given(record.state | changes)
            contents.put(record)

    def leave_network_card(self, subnet_id: str, cluster_id: str) -> None:
        """What cloud-api-adaptor leaves behind when it is killed: a network card of a peer pod, in the group that ARO manages."""
        with self.cloud.change() as contents:
            managed = there(contents, cluster_id).state["clusterProfile"]["resourceGroupId"]
            card = f"{managed}/providers/Microsoft.Network/networkInterfaces/podvm-left-net/ipConfigurations/ipconfig"
            subnet = there(contents, subnet_id)
            subnet.facts = subnet.facts | {"usedBy": [*subnet.facts.get("usedBy", []), card]}
            contents.put(subnet)

    # --- the provider protocol ---

    def check(self, type_: str, name: str, news: Values) -> list[Failure]:
        kind = KINDS.get(type_)
        if kind is None:
            return [Failure("", f"the Azure stand-in knows no resource type {type_}: see sandbox/azure")]
        inputs = schema.given(news)
        path = {slot: schema.required(schema.TEXT) for slot in kind.path_properties}
        found = list(schema.failures(type_, {**path, **kind.properties}, inputs))
        # The rules need not check the form again.
        return found or [
            Failure(problem.property, f"{problem.code}: {problem.message}")
            for problem in self._problems(kind, inputs)
        ]

    def diff(self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        kind = _kind(type_)
        return schema.difference(old_inputs, news, kind.replacing | frozenset(kind.path_properties))

    def preview_create(self, type_: str, name: str, inputs: Values) -> Values:
        kind = _kind(type_)
        outputs = schema.preview(kind.properties, schema.given(inputs))
        return {"name": UNKNOWN, "type": UNKNOWN, "azureApiVersion": UNKNOWN, **outputs}

    def create(self, type_: str, name: str, inputs: Values, timeout: float | None) -> tuple[str, Values]:
        kind = _kind(type_)
        id_ = kind.id_of(inputs, self.account)

        def put() -> tuple[str, Values]:
            with self.cloud.change() as contents:
                # azure-native asks first, whoever made it and however like it is.
                if existing := contents.find(id_):
                    raise Refused(
                        "ResourceAlreadyExists",
                        f"cannot create already existing resource '{existing.id}'. An interrupted run made it, or somebody else:"
                        " see docs/operations.md, Backup and recovery.",
                    )
                record = self._put(contents, kind, id_, inputs, {})
                return record.id, kind.outputs(contents, self.account, record)

        return self._faults.attempt("create", type_, id_, put)

    def read(self, type_: str, id_: str, inputs: Values) -> tuple[str, Values, Values] | None:
        kind = _kind(type_)

        def get() -> tuple[str, Values, Values] | None:
            contents = self.cloud.look()
            record = contents.find(id_)
            path = kind.path_inputs(id_)
            if record is None or path is None or record.type != type_:
                return None
            read = schema.drifted(inputs, record.put, record.state) if inputs else path | record.state
            return record.id, read, kind.outputs(contents, self.account, record)

        return self._faults.attempt("read", type_, id_, get)

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        news: Values,
        preview: bool,
        timeout: float | None,
    ) -> Values:
        kind = _kind(type_)
        if preview:
            contents = self.cloud.look()
            if existing := contents.find(id_):
                request = self._request(contents, kind, id_, news, old_inputs)
                self._check_change(contents, kind, existing, request)
            stable = {name: old_outputs[name] for name in ("name", "location") if name in old_outputs}
            return self.preview_create(type_, "", news) | stable

        def put() -> Values:
            with self.cloud.change() as contents:
                return kind.outputs(contents, self.account, self._put(contents, kind, id_, news, old_inputs))

        return self._faults.attempt("update", type_, id_, put)

    def delete(self, type_: str, id_: str, inputs: Values, outputs: Values, timeout: float | None) -> None:
        def delete() -> None:
            if type_ == groups.RESOURCE_GROUP.type:
                self._empty(id_)
            self._delete(id_)

        self._faults.attempt("delete", type_, id_, delete)

    def invoke(self, token: str, args: Values) -> Values:
        name = str(args.get("subnetName") or args.get("natGatewayName") or args.get("resourceName"))
        return self._faults.attempt(
            "invoke", token, name, lambda: call(token, args, self.cloud.look(), self.account, self.clusters)
        )

    def secret_outputs(self, type_: str) -> set[str]:
        """None: what is secret in Azure is never returned."""
        return set()

    # --- requests ---

    def _problems(self, kind: AzureKind, inputs: Values) -> Iterator[InputProblem]:
        yield from kind.bad_name(inputs)
        place = schema.known(inputs, "location")
        if (
            place is not None
            and kind.properties.get("location", schema.TEXT).choices != ("global",)
            and kind is not groups.RESOURCE_GROUP
            and schema.location(place) not in vm_sizes.REGIONS
        ):
            message = f"The provided location '{place}' is not available for resource type '{kind.arm_type}'."
            yield InputProblem("location", "LocationNotAvailableForResourceType", message)
        yield from kind.problems(self.account, inputs)

    def _request(
        self, contents: Contents, kind: AzureKind, id_: str, inputs: Values, old: Values
    ) -> PutRequest:
        body = {name: value for name, value in schema.given(inputs).items() if name in kind.properties}
        if kind.has_location and kind is not groups.RESOURCE_GROUP:
            body.setdefault("location", contents.group_of(id_).state["location"])
        if kind.has_location and body["location"] != UNKNOWN:
            body["location"] = schema.location(body["location"])
        return PutRequest(
            id=id_,
            inputs=body,
            account=self.account,
            clusters=self.clusters,
            existing=contents.find(id_),
            old_inputs=old,
        )

    def _put(self, contents: Contents, kind: AzureKind, id_: str, inputs: Values, old: Values) -> AzureRecord:
        for problem in self._problems(kind, schema.given(inputs)):
            raise Refused(problem.code, problem.message)
        self._check_not_managed(contents, id_)
        if kind not in (groups.RESOURCE_GROUP, authorization.ROLE_ASSIGNMENT, authorization.ROLE_DEFINITION):
            contents.group_of(id_)
        request = self._request(contents, kind, id_, inputs, old)
        if request.existing:
            self._check_change(contents, kind, request.existing, request)
        state = schema.without_secrets(kind.properties, kind.put(contents, request))
        record = request.existing or AzureRecord(id=id_, type=kind.type, inputs={}, put={}, state={})
        record.inputs, record.put, record.state = self._stored(kind, inputs), state, state
        record.facts = record.facts | request.facts
        contents.put(record)
        return record

    def _stored(self, kind: AzureKind, inputs: Values) -> Values:
        return schema.without_secrets(kind.properties, schema.given(inputs))

    def _check_change(
        self, contents: Contents, kind: AzureKind, record: AzureRecord, request: PutRequest
    ) -> None:
        kind.unchangeable(contents, record, request)
        before, after = record.state.get("location"), request.inputs.get("location")
        if after not in (before, UNKNOWN):
            raise Refused(
                "InvalidResourceLocation",
                f"The resource '{record.name}' already exists in location '{before}'. A resource with the same name cannot be"
                f" created in location '{after}'. Please select a new resource name.",
            )

    def _check_not_managed(self, contents: Contents, id_: str) -> None:
        """Nobody but ARO may write into the group that it manages."""
        holder = contents.find("/".join(id_.split("/")[:5]))
        if holder is not None and "managedBy" in holder.facts:
            raise Refused(
                "DenyAssignmentAuthorizationFailed",
                f"The client with object id '{self.account.object_id}' has permission to perform this action on '{id_}'; however,"
                f" the access is denied because of the deny assignment of '{holder.facts['managedBy']}' over '{holder.id}'.",
            )

    def _delete(self, id_: str) -> None:
        with self.cloud.change() as contents:
            if record := contents.find(id_):
                self._check_not_managed(contents, id_)
                _kind(record.type).delete(contents, record, self.clusters)
                contents.remove(record.id)

    def _empty(self, group_id: str) -> None:
        """Deletes what can be deleted, also when something else cannot."""
        order = list(KINDS)
        for record in sorted(self.cloud.look().inside(group_id), key=lambda each: order.index(each.type)):
            try:
                self._delete(record.id)
            except Refused as refused:
                raise Refused(
                    "ResourceGroupDeletionBlocked",
                    f"Deletion of resource group '{group_id.rsplit('/', 1)[-1]}' failed as resources with identifiers"
                    f" '{record.id}' could not be deleted. {refused}",
                ) from refused


def _kind(type_: str) -> AzureKind:
    if type_ not in KINDS:
        raise Refused("UnknownType", f"the Azure stand-in knows no resource type {type_}: see sandbox/azure")
    return KINDS[type_]
