"""A resource type as the stand-in sees it: its id, its properties, and its rules as functions of what is in the cloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sandbox.azure.cloud import AzureRecord, Contents
from sandbox.azure.schema import Prop, known
from sandbox.openshift.clusters import Clusters
from sandbox.provider import UNKNOWN, Refused, Values

_SLOT: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who talks to Azure, and in which subscription. The defaults are the placeholders of the committed stacks."""

    subscription_id: str = "00000000-0000-4000-8000-000000000001"
    tenant_id: str = "00000000-0000-4000-8000-000000000002"
    client_id: str = "00000000-0000-4000-8000-0000000000a1"
    object_id: str = "00000000-0000-4000-8000-0000000000a2"


@dataclass(frozen=True)
class InputProblem:
    """A rule that the inputs alone break: the property, and what Azure would answer."""

    property: str
    code: str
    message: str


@dataclass(frozen=True)
class NameRule:
    """What a resource may be called; `message` has a slot for the `name`."""

    pattern: str
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class PutRequest:
    """A PUT. `inputs` is its body, without what the id says; `existing` is what it would change.

    `old_inputs` has the old values of secrets, which only the engine knows. `facts`: what the type's rules want kept.
    """

    id: str
    inputs: Values
    account: Account
    clusters: Clusters
    existing: AzureRecord | None
    old_inputs: Values
    facts: Values = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.id.rsplit("/", 1)[-1]


def no_problem(_account: Account, _inputs: Values) -> Iterator[InputProblem]:
    return iter(())


def as_asked(_contents: Contents, request: PutRequest) -> Values:
    return dict(request.inputs)


def nothing_more(_contents: Contents, _record: AzureRecord, _account: Account) -> Values:
    return {}


def anything_goes(_contents: Contents, _record: AzureRecord, _request: PutRequest) -> None:
    return None


def unhindered(_contents: Contents, _record: AzureRecord, _clusters: Clusters) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class AzureKind:
    """`address` is the ARM id with the names of the inputs that fill it; a change of one of those replaces, always.

    `problems`: rules on the inputs alone, also told in a preview. `unchangeable`: raises for a change that a PUT may not make,
    also told in a preview. `put`: the rules that depend on what is there, and the resource's new state. `respond`: what
    Azure computes, laid over the state. `delete`: raises when Azure would refuse it, and takes away what goes with it.
    """

    type: str
    arm_type: str
    api_version: str
    address: str
    properties: Mapping[str, Prop]
    replacing: frozenset[str] = frozenset()
    names: NameRule
    problems: Callable[[Account, Values], Iterator[InputProblem]] = no_problem
    unchangeable: Callable[[Contents, AzureRecord, PutRequest], None] = anything_goes
    put: Callable[[Contents, PutRequest], Values] = as_asked
    respond: Callable[[Contents, AzureRecord, Account], Values] = nothing_more
    delete: Callable[[Contents, AzureRecord, Clusters], None] = unhindered

    @property
    def path_properties(self) -> list[str]:
        return [slot for slot in _SLOT.findall(self.address) if slot != "subscriptionId"]

    @property
    def name_property(self) -> str:
        return self.path_properties[-1]

    @property
    def has_location(self) -> bool:
        return "location" in self.properties

    def id_of(self, inputs: Values, account: Account) -> str:
        """The ARM id; UNKNOWN when a part of it is."""
        values = {**inputs, "subscriptionId": account.subscription_id}
        parts = [values[slot] for slot in _SLOT.findall(self.address)]
        if UNKNOWN in parts:
            return UNKNOWN
        return _SLOT.sub(lambda slot: str(values[slot.group(1)]).strip("/"), self.address)

    def path_inputs(self, id_: str) -> Values | None:
        """The inputs that an id spells out, for an import; None when it is the id of another type."""
        escaped = re.sub(
            r"\\\{(\w+)\\\}",
            lambda slot: f"(?P<{slot.group(1)}>{_part(slot.group(1))})",
            re.escape(self.address),
        )
        match = re.fullmatch(f"(?i){escaped}", id_)
        return {slot: match.group(slot) for slot in self.path_properties} if match else None

    def outputs(self, contents: Contents, account: Account, record: AzureRecord) -> Values:
        """What a GET returns, in the shape of azure-native's outputs."""
        return {
            **record.state,
            **self.respond(contents, record, account),
            "name": record.name,
            "type": self.arm_type,
            "azureApiVersion": self.api_version,
        }

    def bad_name(self, inputs: Values) -> Iterator[InputProblem]:
        name = known(inputs, self.name_property)
        if name is not None and re.fullmatch(self.names.pattern, name) is None:
            yield InputProblem(self.name_property, self.names.code, self.names.message.format(name=name))


def _part(slot: str) -> str:
    return ".+" if slot == "scope" else "[^/]+"


def referenced(contents: Contents, request: PutRequest, id_: str, place: str) -> AzureRecord:
    """The resource that another one refers to. Raises Refused when it is not there, or is in another region."""
    found = contents.find(id_)
    if found is None or found.state.get("location", place) != place:
        raise Refused(
            "InvalidResourceReference",
            f"Resource {id_} referenced by resource {request.id} was not found. Please make sure that the referenced"
            " resource exists, and that both resources are in the same region.",
        )
    return found
