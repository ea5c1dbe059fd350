"""What is sent to an agent makes it ask its policy the very input that the model is asked."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from sandbox.guest.api import CATALOGUE, AgentLine, AgentRequest, Node, start
from sandbox.guest.real import shapes, wire
from sandbox.tests.guest import pods


def honest(line: AgentLine) -> list[AgentRequest]:
    return start(pods.kbs_access(), pods.images, Node(agent=line))


def asked(line: AgentLine) -> Iterator[AgentRequest]:
    """All of an honest start, and the last of each attack."""
    made = honest(line)
    yield from made
    for attack in CATALOGUE:
        yield from (steps[-1] for steps in attack.sequences(made))


@pytest.mark.parametrize("line", ["3.25", "3.31"])
def test_every_request_of_a_pod_and_of_the_catalogue_arrives_as_it_was_meant(line: AgentLine) -> None:
    unknown = set()
    for request in asked(line):
        try:
            sent = wire.call(request)
        except wire.NotSendable as error:
            unknown.add(str(error))
            continue
        message = shapes.message(request.endpoint)
        message.ParseFromString(sent.payload)
        told = json_format.MessageToDict(message, preserving_proto_field_name=True)
        assert meaning(told, message.DESCRIPTOR) == meaning(policy_input(request), message.DESCRIPTOR)
    # A request of an agent to come, which no agent of today has.
    assert unknown == {"the agent's API has no message FutureRequest"}


def policy_input(request: AgentRequest) -> dict[str, Any]:
    given = dict(request.input)
    if "symlink_target" in given:
        link = given.pop("symlink_target")
        given.pop("file_type")
        given["data"] = list(link.encode() if link is not None else bytes(given["file_size"]))
    return given


def meaning(value: dict[str, Any], described: Any) -> dict[str, Any]:
    """Without what is absent or zero, which protobuf does not tell apart, but for messages; numbers as numbers, bytes as lists."""
    made = {}
    for key, one in value.items():
        name = key[:-1] if key.endswith("_") else key
        field = described.fields_by_name[name]
        shown = _shown(one, field)
        present = one is not None and field.has_presence
        if present or shown not in (None, "", 0, [], {}):
            made[name] = shown
    return made


def _shown(value: Any, field: FieldDescriptor) -> Any:
    kind = field.message_type
    if kind and not kind.GetOptions().map_entry:
        if isinstance(value, list):
            return [meaning(one, kind) for one in value]
        return value if value is None else meaning(value, kind)
    if field.type == FieldDescriptor.TYPE_BYTES and isinstance(value, str):
        return list(base64.b64decode(value))
    if field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64):
        return (
            [int(one) for one in value] if isinstance(value, list) else value if value is None else int(value)
        )
    return value


@pytest.mark.parametrize(
    ("request_", "method", "payload"),
    [
        # By hand, after agent.proto of kata-containers.
        (AgentRequest("StartContainerRequest", {"container_id": "a"}), "StartContainer", b"\x0a\x01a"),
        (AgentRequest("GuestDetailsRequest", {"mem_hotplug_probe": True}), "GetGuestDetails", b"\x10\x01"),
        (AgentRequest("WriteStreamRequest", {"data": [1, 2]}), "WriteStdin", b"\x1a\x02\x01\x02"),
        (AgentRequest("SignalProcessRequest", {"signal": 9}), "SignalProcess", b"\x18\x09"),
        (AgentRequest("MemAgentMemcgConfig", {"disabled": False}), "MemAgentMemcgSet", b"\x08\x00"),
        (
            AgentRequest("CreateSandboxRequest", {"storages": [{"fs_group": {"group_id": 7}}]}),
            "CreateSandbox",
            b"\x1a\x04\x3a\x02\x10\x07",
        ),
        (
            AgentRequest("CreateContainerRequest", {"OCI": {"Mounts": [{"type_": "b"}]}}),
            "CreateContainer",
            b"\x32\x05\x2a\x03\x1a\x01b",
        ),
        (
            AgentRequest("CreateContainerRequest", {"OCI": {"Annotations": {"k": "v"}}}),
            "CreateContainer",
            b"\x32\x08\x3a\x06\x0a\x01k\x12\x01v",
        ),
    ],
)
def test_bytes_are_those_of_the_published_interface(
    request_: AgentRequest, method: str, payload: bytes
) -> None:
    assert wire.call(request_) == (method, payload)


@pytest.mark.parametrize(
    "request_",
    [
        AgentRequest("StartContainerRequest", {"containerid": "a"}),
        AgentRequest("StartContainerRequest", {"container_id": 1}),
        AgentRequest("CreateContainerRequest", {"OCI": {"Proces": {}}}),
        AgentRequest("RebootRequest", {}),
    ],
)
def test_what_the_interface_does_not_have_is_not_sent(request_: AgentRequest) -> None:
    with pytest.raises(wire.NotSendable, match=request_.endpoint):
        wire.call(request_)


@pytest.mark.parametrize("line", ["3.25", "3.31"])
def test_a_field_that_the_agent_would_skip_is_not_sent_to_it(line: AgentLine) -> None:
    """It would get the honest request, and be blamed for obeying it."""
    shared = AgentRequest(
        "CreateContainerRequest", {"storages": [{"driver": "image_guest_pull", "shared": True}]}
    )
    if line == "3.25":
        with pytest.raises(wire.NotSendable, match=r"no Storage\.shared"):
            wire.call(shared, line)
    else:
        assert wire.call(shared, line).payload
    own = AgentRequest("CreateContainerRequest", {"storages": [{"driver": "local", "shared": False}]})
    assert wire.call(own, line).payload
