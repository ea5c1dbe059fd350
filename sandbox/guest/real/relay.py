"""Carries connections between a guest and the host over sockets in a folder: the guest has no network but its own loopback."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

_PORT = struct.Struct(">H")


def listen_at(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def listen_on(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), backlog=64)


def to_file(path: Path) -> Callable[[socket.socket], socket.socket]:
    """Connections go on to the socket that listens at `path`."""

    def connect(_: socket.socket) -> socket.socket:
        return _connected(socket.AF_UNIX, str(path))

    return connect


def to_port_at(path: Path, port: int) -> Callable[[socket.socket], socket.socket]:
    """As `to_file`, where `to_named_port` serves: they go on to `port` of the pod."""

    def connect(first: socket.socket) -> socket.socket:
        other = to_file(path)(first)
        try:
            other.sendall(_PORT.pack(port))
        except OSError:
            other.close()
            raise
        return other

    return connect


def to_address(address: str, port: int) -> Callable[[socket.socket], socket.socket]:
    def connect(_: socket.socket) -> socket.socket:
        return _connected(socket.AF_INET, (address, port))

    return connect


def to_named_port(first: socket.socket) -> socket.socket:
    """Each connection says first, in two bytes, to which port of this loopback interface it goes."""
    asked = first.recv(_PORT.size, socket.MSG_WAITALL)
    if len(asked) < _PORT.size:
        raise ConnectionError("no port is named")
    return _connected(socket.AF_INET, ("127.0.0.1", *_PORT.unpack(asked)))


def _connected(family: socket.AddressFamily, address: str | tuple[str, int]) -> socket.socket:
    """Without a look-up of the name, for which Python would load modules that a guest does not have."""
    made = socket.socket(family)
    try:
        made.connect(address)
    except OSError:
        made.close()
        raise
    return made


def serve(listener: socket.socket, connect: Callable[[socket.socket], socket.socket]) -> None:
    """Until the listener is closed."""
    while True:
        try:
            accepted, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_carry, args=(accepted, connect), daemon=True).start()


def start(listener: socket.socket, connect: Callable[[socket.socket], socket.socket]) -> threading.Thread:
    thread = threading.Thread(target=serve, args=(listener, connect), daemon=True)
    thread.start()
    return thread


def _carry(first: socket.socket, connect: Callable[[socket.socket], socket.socket]) -> None:
    with first:
        try:
            second = connect(first)
        except OSError:
            return  # whoever asked sees the connection end
        with second:
            back = threading.Thread(target=_copy, args=(second, first), daemon=True)
            back.start()
            _copy(first, second)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for one in (source, target):
            stop(one)


def stop(connection: socket.socket) -> None:
    """Whoever waits at it goes on: a listener accepts no more, a connection ends."""
    with contextlib.suppress(OSError):  # it has ended already
        connection.shutdown(socket.SHUT_RDWR)
