"""Property values between the SDK's protobuf, the engine and the providers.

The engine holds JSON-like Python in which a secret is a `Secret` and an unknown is `UNKNOWN`; providers see
neither the one (`plain`) nor, outside a preview, the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

from sandbox.provider import UNKNOWN, Values
from sandbox.shapes import is_list, is_map

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A value that state files, logs and displays must not show."""

    value: Any


def from_struct(struct: struct_pb2.Struct) -> Values:
    """Nulls inside objects are left out, as the official engine does; whole numbers become int."""
    fields = {key: _from_value(value) for key, value in sorted(struct.fields.items())}
    return {key: value for key, value in fields.items() if value is not None}


def _from_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            fields = from_struct(value.struct_value)
            match fields.get(SIGNATURE):
                case None:
                    return fields
                case kind if kind == SECRET:
                    return SecretValue(plain(fields.get("value")))
                case kind if kind == RESOURCE:
                    return fields.get("id", fields["urn"]) or UNKNOWN
                case kind:
                    raise NotImplementedError(
                        f"the embedded engine does not take assets or archives ({kind})"
                    )
        case _:
            return None


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(replaced(dict(values), lambda secret: {SIGNATURE: SECRET, "value": secret.value}))
    return struct


def replaced(value: Any, secret: Callable[[SecretValue], Any]) -> Any:
    """`value` with every Secret in it exchanged for what `secret` returns."""
    match value:
        case SecretValue():
            return secret(value)
        case _ if is_map(value):
            return {key: replaced(item, secret) for key, item in value.items()}
        case _ if is_list(value):
            return [replaced(item, secret) for item in value]
        case _:
            return value


def plain(value: Any) -> Any:
    return replaced(value, lambda secret: secret.value)


def leaves(value: Any) -> Iterator[Any]:
    match value:
        case _ if is_map(value):
            for item in value.values():
                yield from leaves(item)
        case _ if is_list(value):
            for item in value:
                yield from leaves(item)
        case _:
            yield value


def has_secrets(value: Any) -> bool:
    return any(isinstance(leaf, SecretValue) for leaf in leaves(value))


def has_unknowns(value: Any) -> bool:
    return any(leaf == UNKNOWN for leaf in leaves(plain(value)))


def sealed_like(value: Any, like: Any) -> Any:
    """`value` with a Secret wherever `like` has one, so that a provider's echo of a secret input stays
    secret.
    """
    match value, like:
        case SecretValue(), _:
            return value
        case _, SecretValue():
            return SecretValue(plain(value))
        case _ if is_map(value) and is_map(like):
            return {key: sealed_like(item, like.get(key)) for key, item in value.items()}
        case _ if is_list(value) and is_list(like):
            if len(value) == len(like):
                return [sealed_like(item, other) for item, other in zip(value, like, strict=True)]
            return SecretValue(plain(value)) if has_secrets(like) else value
        case _:
            return value


_STEP = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|([^.\["]+)')


def steps(path: str) -> tuple[str, ...]:
    """The keys in a property path of Pulumi: `spec.replicas`, `list[0]`, `data["kbs-config.toml"]`."""
    return tuple("".join(found) for found in _STEP.findall(path))


def get(value: Any, path: tuple[str, ...]) -> Any:
    """What is at the path; None where there is nothing."""
    for key in path:
        inside = value.value if isinstance(value, SecretValue) else value
        if is_map(inside):
            value = inside.get(key)
        elif is_list(inside) and key.isdigit() and int(key) < len(inside):
            value = inside[int(key)]
        else:
            return None
    return value


def put(values: Values, path: tuple[str, ...], new: Any) -> Values:
    """A copy of `values` with `new` at the path, without the key where `new` is None; absent parents stay
    absent.
    """
    key, *rest = path
    copy = dict(values)
    if rest:
        if is_map(inner := copy.get(key)):
            copy[key] = put(inner, tuple(rest), new)
    elif new is None:
        copy.pop(key, None)
    else:
        copy[key] = new
    return copy
