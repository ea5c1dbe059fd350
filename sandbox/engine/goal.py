"""What the program asks for: one resource registration or read, out of protobuf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine.state import PROVIDER, StateResource
from sandbox.engine.values import from_struct
from sandbox.provider import Values

_DURATION = re.compile(r"([\d.]+)(h|ms|m|s)?")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "": 1.0}


@dataclass(frozen=True, kw_only=True)
class Alias:
    """Another URN that the resource may have in the state; None means as the resource itself."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A resource as the program wants it. Fields are named as in `Resource`."""

    type: str
    name: str
    custom: bool
    inputs: Values = field(default_factory=dict)
    parent: str = ""
    id: str = ""
    """Of what is read or imported; UNKNOWN in a preview when it comes from something not created yet."""
    protect: bool = False
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    provider: str = ""
    version: str = ""
    aliases: tuple[Alias, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    retain_on_delete: bool = False
    deleted_with: str = ""
    custom_timeouts: dict[str, float] = field(default_factory=dict)

    @property
    def package(self) -> str:
        return package(self.type)


def package(type_: str) -> str:
    """`kubernetes` of `kubernetes:core/v1:Secret` and of `pulumi:providers:kubernetes`."""
    return type_.removeprefix(PROVIDER).split(":", 1)[0]


def of_registration(request: Any) -> Goal:
    """From a RegisterResourceRequest. Raises NotImplementedError for what the SDK does not refuse by itself."""
    if request.remote or request.HasField("replacement_trigger"):
        raise NotImplementedError(
            "the embedded engine knows neither remote components nor replacement triggers"
        )
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=from_struct(request.object),
        parent=request.parent,
        id=request.importId,
        protect=request.protect,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            key: tuple(sorted(value.urns)) for key, value in sorted(request.propertyDependencies.items())
        },
        provider=request.provider,
        version=request.version,
        aliases=tuple(_aliases(request)),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        custom_timeouts={
            kind: seconds(text)
            for kind in ("create", "update", "delete")
            if (text := getattr(request.customTimeouts, kind))
        },
    )


def of_read(request: Any) -> Goal:
    """From a ReadResourceRequest."""
    return Goal(
        type=request.type,
        name=request.name,
        custom=True,
        inputs=from_struct(request.properties),
        parent=request.parent,
        id=request.id,
        dependencies=tuple(sorted(request.dependencies)),
        provider=request.provider,
        version=request.version,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
    )


def wanted(goal: Goal, urn: str, provider: str) -> StateResource:
    """The resource that the goal describes, before anything is known of it; `provider` is a provider
    reference.
    """
    return StateResource(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        inputs=goal.inputs,
        parent=goal.parent,
        protect=goal.protect,
        dependencies=goal.dependencies,
        provider=provider,
        property_dependencies=goal.property_dependencies,
        additional_secret_outputs=goal.additional_secret_outputs,
        custom_timeouts=goal.custom_timeouts,
        retain_on_delete=goal.retain_on_delete,
        deleted_with=goal.deleted_with,
        ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes,
    )


def _aliases(request: Any) -> Iterator[Alias]:
    for alias in request.aliases:
        spec = alias.spec
        yield Alias(
            urn=alias.urn,
            name=spec.name,
            type=spec.type,
            stack=spec.stack,
            project=spec.project,
            parent="" if spec.noParent else spec.parentUrn or None,
        )


def seconds(duration: str) -> float:
    """A duration as Go writes it: `1h30m`, `90s`."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))
