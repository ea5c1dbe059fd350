"""A request as the policy sees it, to the call that makes the agent ask the policy just that."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from sandbox.guest.node import AgentLine
from sandbox.guest.real import shapes
from sandbox.guest.requests import AgentRequest
from sandbox.shapes import is_list, is_map

SERVICE = "grpc.AgentService"
# The policy's rule has the name of the message, which is not always that of the call (kata src/agent/src/policy.rs).
_CALLS = {
    "GuestDetailsRequest": "GetGuestDetails",
    "VolumeStatsRequest": "GetVolumeStats",
    "WriteStreamRequest": "WriteStdin",
    "ReadStreamRequest": "ReadStdout",
    "MemAgentMemcgConfig": "MemAgentMemcgSet",
    "MemAgentCompactConfig": "MemAgentCompactSet",
}
_ANSWERS = {
    "WaitProcess": "WaitProcessResponse",
    "ReadStdout": "ReadStreamResponse",
    "ReadStderr": "ReadStreamResponse",
    "GetGuestDetails": "GuestDetailsResponse",
    "GetOOMEvent": "OOMEvent",
}


class Call(NamedTuple):
    method: str
    payload: bytes


class NotSendable(ValueError):
    """The agent's API has no message or field for the request; the text says which."""


def call(request: AgentRequest, line: AgentLine = "3.31") -> Call:
    """To an agent of that line. Raises NotSendable.

    A CopyFile in the form that the policy of a later agent sees has no content: it is sent with zeros, of which that agent's policy
    sees the same.
    """
    try:
        message = shapes.message(request.endpoint)
    except KeyError:
        raise NotSendable(f"the agent's API has no message {request.endpoint}") from None
    try:
        plain = _plain(_whole(request.input), message.DESCRIPTOR, shapes.ABSENT[line])
        json_format.ParseDict(plain, message)
    except json_format.ParseError as error:
        raise NotSendable(f"{request.endpoint}: {error}") from None
    method = _CALLS.get(request.endpoint, request.endpoint.removesuffix("Request"))
    return Call(method, message.SerializeToString(deterministic=True))


def answer(method: str, payload: bytes) -> Any:
    """The message with which the agent answers a call that it obeyed, whose type is made at run time; an empty one where nobody reads
    the answer.
    """
    message = shapes.message(_ANSWERS.get(method, "Empty"))
    message.ParseFromString(payload)
    return message


def _whole(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if "symlink_target" not in given:
        return given
    link = given["symlink_target"]
    content = bytes(given["file_size"]) if link is None else link.encode()
    sent = {key: value for key, value in given.items() if key not in ("file_type", "symlink_target")}
    return {**sent, "data": list(content)}


def _plain(given: Mapping[str, Any], described: Any, absent: frozenset[str]) -> dict[str, Any]:
    """As protobuf's JSON writes it: bytes in base64, no fields of Rust that only have an underscore more. Raises NotSendable."""
    fields = described.fields_by_name
    made: dict[str, Any] = {}
    for key, value in given.items():
        name = key[:-1] if key.endswith("_") and key not in fields else key
        field = fields.get(name)
        if value and f"{described.name}.{name}" in absent:
            raise NotSendable(f"an agent of that line has no {described.name}.{name}")
        made[name] = value if field is None else _value(value, field, absent)
    return made


def _value(value: Any, field: Any, absent: frozenset[str]) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES and is_list(value):
        return base64.b64encode(bytes(value)).decode()
    kind = field.message_type
    if kind is None or kind.GetOptions().map_entry:
        return value
    if is_list(value):
        return [_plain(one, kind, absent) for one in value]
    return _plain(value, kind, absent) if is_map(value) else value
