"""A client of ttRPC, the small RPC protocol of containerd that the kata agent serves.

Source: containerd/ttrpc PROTOCOL.md and request.proto. A frame is ten bytes (length, stream, type, flags), then a message.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, Self

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_HEADER = struct.Struct(">IIBB")
_REQUEST, _RESPONSE = 1, 2
_BIGGEST = 4 << 20
"""Bytes that a frame may have, in each implementation of the protocol."""

PERMISSION_DENIED = 7
"""The code of gRPC with which the agent says that its policy refuses."""
UNIMPLEMENTED = 12
"""That with which the protocol says that there is no such call."""


class Status(NamedTuple):
    """`code` is gRPC's, 0 for a call that was obeyed; `payload` is then its answer."""

    code: int
    message: str
    payload: bytes


class Gone(ConnectionError):
    """The agent does not answer any more."""


class Client:
    """Calls on one connection, which may wait for their answers at the same time. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where nobody listens."""
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._lock = threading.Lock()
        self._next = 1
        self._waiting: dict[int, Future[Status]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the agent went first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def begin(self, service: str, method: str, payload: bytes, *, seconds: float = 0) -> Future[Status]:
        """The answer, once it is there; `seconds` is how long the agent may take, 0 for ever. The future raises Gone."""
        request = _message("Request")
        request.service, request.method, request.payload = service, method, payload
        request.timeout_nano = int(seconds * 1e9)
        body = request.SerializeToString()
        if len(body) > _BIGGEST:
            raise ValueError(f"{method}: a request of {len(body)} bytes, and ttRPC carries {_BIGGEST}")
        made: Future[Status] = Future()
        with self._lock:
            stream, self._next = self._next, self._next + 2
            self._waiting[stream] = made
            try:
                self._socket.sendall(_HEADER.pack(len(body), stream, _REQUEST, 0) + body)
            except OSError as error:
                self._waiting.pop(stream, None)
                made.set_exception(Gone(f"the agent does not take {method}: {error}"))
        return made

    def _read(self) -> None:
        try:
            while header := self._exactly(_HEADER.size):
                length, stream, kind, _ = _HEADER.unpack(header)
                body = self._exactly(length)
                with self._lock:
                    waiting = self._waiting.pop(stream, None) if kind == _RESPONSE else None
                if waiting and body is not None:
                    waiting.set_result(_status(body))
        except OSError:
            pass  # the same as an end: whoever waits is told below
        with self._lock:
            left, self._waiting = self._waiting, {}
        for one in left.values():
            one.set_exception(Gone("the agent ended the connection"))

    def _exactly(self, length: int) -> bytes | None:
        """None where the connection ends before."""
        found = b""
        while len(found) < length:
            part = self._socket.recv(length - len(found))
            if not part:
                return None
            found += part
        return found


def _status(body: bytes) -> Status:
    response = _message("Response")
    response.ParseFromString(body)
    return Status(response.status.code, response.status.message, response.payload)


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"ttrpc.{name}"))()


def _pool() -> descriptor_pool.DescriptorPool:
    field = descriptor_pb2.FieldDescriptorProto
    text, number, octets = field.TYPE_STRING, field.TYPE_INT64, field.TYPE_BYTES
    file = descriptor_pb2.FileDescriptorProto(name="ttrpc", package="ttrpc", syntax="proto3")
    for name, fields in {
        "Request": (("service", text), ("method", text), ("payload", octets), ("timeout_nano", number)),
        "Status": (("code", field.TYPE_INT32), ("message", text)),
        "Response": (("status", field.TYPE_MESSAGE), ("payload", octets)),
    }.items():
        made = file.message_type.add(name=name)
        for at, (called, kind) in enumerate(fields, 1):
            one = made.field.add(name=called, number=at, type=kind, label=field.LABEL_OPTIONAL)
            if kind == field.TYPE_MESSAGE:
                one.type_name = ".ttrpc.Status"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


_POOL = _pool()
