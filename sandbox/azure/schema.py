"""What a resource type's properties look like, and everything that follows from that alone.

Property names are those azure-native sends (camelCase). A property that no table names is an error. Rules about
other resources are not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sandbox.provider import UNKNOWN, Diff, Failure, Values
from sandbox.shapes import is_list, is_map


@dataclass(frozen=True, kw_only=True)
class Prop:
    """One property. `kind` is a Python type, or `object` for one with `fields`, or `list` for one of `item`s.

    `computed`: only Azure sets it. `secret`: never stored, never returned. `may_be_empty`: a text that may be "".
    `reshaped`: the answer has another form, so that azure-native promises nothing of it in a preview (previewOutputs.go).
    """

    kind: type
    required: bool = False
    computed: bool = False
    secret: bool = False
    may_be_empty: bool = False
    reshaped: bool = False
    choices: tuple[str, ...] = ()
    fields: Mapping[str, Prop] = field(default_factory=dict[str, "Prop"])
    item: Prop | None = None


TEXT: Final = Prop(kind=str)
NUMBER: Final = Prop(kind=int)
FLAG: Final = Prop(kind=bool)
MAP: Final = Prop(kind=dict)
TEXTS: Final = Prop(kind=list, item=TEXT)


def choice(*values: str) -> Prop:
    return Prop(kind=str, choices=values)


def group(**fields: Prop) -> Prop:
    return Prop(kind=object, fields=fields)


def many(item: Prop) -> Prop:
    return Prop(kind=list, item=item)


def required(prop: Prop) -> Prop:
    return replace(prop, required=True)


def computed(prop: Prop) -> Prop:
    return replace(prop, computed=True)


REFERENCE: Final = group(id=required(TEXT))


def given(values: Values) -> Values:
    """`values` without the nulls, at any depth: azure-native does not send them."""
    return {name: _given(value) for name, value in values.items() if value is not None}


def _given(value: Any) -> Any:
    if is_map(value):
        return given(value)
    return [_given(item) for item in value] if is_list(value) else value


def known(values: Values, path: str) -> Any:
    """The value at a dotted path; None when it is missing or not known yet."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if is_map(found) else None
    return None if found == UNKNOWN else found


def failures(type_: str, fields: Mapping[str, Prop], values: Values, path: str = "") -> Iterator[Failure]:
    """Mistakes in the form of `values`: unknown names, missing ones, wrong kinds, values outside an enumeration."""
    for name, value in values.items():
        where = f"{path}{name}"
        prop = fields.get(name)
        if prop is None:
            yield Failure(
                where, f"the Azure stand-in knows no property '{where}' of {type_}: see sandbox/azure"
            )
        elif prop.computed:
            yield Failure(where, f"'{where}' is set by Azure: leave it out")
        else:
            yield from _misfit(type_, prop, value, where)
    for name, prop in fields.items():
        if prop.required and name not in values:
            yield Failure(f"{path}{name}", f"missing required property '{path}{name}'")


def _misfit(type_: str, prop: Prop, value: Any, where: str) -> Iterator[Failure]:
    if value == UNKNOWN:
        return
    if value == "":
        if prop.may_be_empty:
            return
        # azure-rest-api-specs#23355: ARO answers an empty string with a bare InternalServerError.
        yield Failure(where, f"'{where}' is empty: leave the property out instead")
        return
    if not _fits(prop.kind, value):
        yield Failure(where, f"'{where}' must be {_KINDS[prop.kind]}, not {value!r}")
    elif prop.choices and value not in prop.choices:
        yield Failure(where, f"'{where}' must be one of {', '.join(prop.choices)}, not {value!r}")
    elif prop.kind is object:
        yield from failures(type_, prop.fields, value, f"{where}.")
    elif prop.item is not None:
        for index, item in enumerate(value):
            yield from _misfit(type_, prop.item, item, f"{where}[{index}]")


def _fits(kind: type, value: Any) -> bool:
    if kind is object:
        return is_map(value)
    if kind is int:
        return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return isinstance(value, kind)


_KINDS: Final = {
    str: "a string",
    int: "a whole number",
    bool: "a boolean",
    dict: "a map",
    object: "an object",
    list: "a list",
}


def preview(fields: Mapping[str, Prop], values: Values) -> Values:
    """The outputs azure-native promises in a preview: what is given, and UNKNOWN for all the rest."""
    return {name: _preview(prop, values.get(name, UNKNOWN)) for name, prop in fields.items()}


def _preview(prop: Prop, value: Any) -> Any:
    if prop.reshaped:
        return UNKNOWN
    if is_map(value) and prop.kind is object:
        return preview(prop.fields, value)
    if is_list(value) and prop.item is not None:
        return [_preview(prop.item, item) for item in value]
    return value


def without_secrets(fields: Mapping[str, Prop], values: Values) -> Values:
    """A copy of `values` that may be stored."""
    return {
        name: _without_secrets(fields.get(name, TEXT), value)
        for name, value in values.items()
        if not fields.get(name, TEXT).secret
    }


def _without_secrets(prop: Prop, value: Any) -> Any:
    if is_map(value):
        return without_secrets(prop.fields, value)
    if is_list(value):
        return [_without_secrets(prop.item or TEXT, item) for item in value]
    return value


def changes(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """The paths at which two documents differ, spelled as azure-native does: `sku.name`, `workerProfiles[0].count`."""
    if is_map(old) and is_map(new):
        for name in [*old, *(name for name in new if name not in old)]:
            where = f"{path}.{name}" if path else name
            if name in old and name in new:
                yield from changes(old[name], new[name], where)
            else:
                yield where
    elif is_list(old) and is_list(new):
        for index in range(max(len(old), len(new))):
            if index < min(len(old), len(new)):
                yield from changes(old[index], new[index], f"{path}[{index}]")
            else:
                yield f"{path}[{index}]"
    elif not same(path, old, new):
        yield path


def same(path: str, old: Any, new: Any) -> bool:
    """Equal to Azure: ids whatever their case, locations whatever their spelling."""
    if isinstance(old, str) and isinstance(new, str):
        if path == "location":
            return location(old) == location(new)
        if old.startswith("/") and new.startswith("/"):
            return old.lower() == new.lower()
    return old == new


def location(name: str) -> str:
    """`eastus2` for "East US 2"."""
    return name.replace(" ", "").lower()


def difference(old: Values, new: Values, replacing: frozenset[str]) -> Diff:
    """azure-native compares inputs with inputs, and deletes before it replaces."""
    changed = tuple(changes(given(old), given(new)))
    replaced = tuple(path for path in changed if path.split(".")[0].split("[")[0] in replacing)
    return Diff(changed=changed, replace=replaced, delete_before_replace=bool(replaced))


def drifted(inputs: Any, before: Any, now: Any) -> Any:
    """`inputs` with what changed in Azure between `before` and `now`, and with nothing that Azure only filled in.

    This is how azure-native refreshes: whatever is still as the last request left it stays as the program said it.
    """
    if is_map(inputs) and is_map(before) and is_map(now):
        merged = {name: value for name, value in inputs.items() if name in now or name not in before}
        for name, value in now.items():
            if before.get(name) != value:
                merged[name] = drifted(inputs.get(name), before.get(name), value)
        return merged
    return now
