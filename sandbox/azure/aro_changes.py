"""Which changes the ARO resource provider (RP) allows to a cluster that exists: nearly none.

After Azure/ARO-RP of August 2026: the `mutable` tags of pkg/api/v20231122/openshiftcluster.go, and pkg/api/util/immutable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sandbox.azure.aro_rules import PROPERTIES
from sandbox.azure.schema import Prop, known, location
from sandbox.provider import UNKNOWN, Refused, Values
from sandbox.shapes import is_map

_MUTABLE: Final = {
    "tags",
    "properties.servicePrincipalProfile.clientId",
    "properties.servicePrincipalProfile.clientSecret",
    "properties.networkProfile.loadBalancerProfile.managedOutboundIps",
}
# A PUT that omits these keeps what the RP has.
_KEPT: Final = {"properties.clusterProfile.pullSecret", "properties.clusterProfile.version"}
# Left out is one value and empty another, because the RP's models hold a pointer here.
_POINTERS: Final = {"properties.networkProfile.loadBalancerProfile"}


def refuse_changes(
    stored: Values, wanted: Values, old_inputs: Values, properties: Mapping[str, Prop] = PROPERTIES
) -> None:
    """Raises Refused for the first change that the RP does not allow.

    `stored` has no pull secret, so a change of that is seen against the inputs of before, where there are any.
    """
    secret = known(old_inputs, "clusterProfile.pullSecret")
    before = stored | {
        "clusterProfile": stored["clusterProfile"] | ({"pullSecret": secret} if secret else {})
    }
    for name, prop in properties.items():
        path = name if name in ("location", "tags") else f"properties.{name}"
        for changed in _forbidden(prop, path, before.get(name), wanted.get(name)):
            if changed == "properties.clusterProfile.pullSecret" and not secret:
                continue
            raise Refused(
                "PropertyChangeNotAllowed", f"{changed}: Changing property '{changed}' is not allowed."
            )


def _forbidden(prop: Prop, path: str, old: Any, new: Any) -> Iterator[str]:
    if prop.computed or path in _MUTABLE or new == UNKNOWN or (path in _KEPT and new is None):
        return
    if prop.kind is object:
        if path in _POINTERS and (old is None) != (new is None):
            yield path
            return
        before: Values = old or {}
        after: Values = new or {}
        for name, inner in prop.fields.items():
            yield from _forbidden(inner, f"{path}.{name}", before.get(name), after.get(name))
    elif prop.item is not None:
        if len(old or []) != len(new or []):
            yield path
            return
        for before, after in zip(old or [], new or [], strict=True):
            after_name = after.get("name") if is_map(after) else after
            yield from _forbidden(prop.item, f"{path}['{after_name}']", before, after)
    elif (
        (location(old or "") != location(new or ""))
        if path == "location"
        else ((old or None) != (new or None))
    ):
        yield path
