"""The client speaks ttRPC to a server that answers in bytes written by hand."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.guest.real.ttrpc import Client, Gone

HEADER = struct.Struct(">IIBB")


def serving(path: Path, act: Callable[[socket.socket], object]) -> threading.Thread:
    """One connection."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            act(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def received(connection: socket.socket) -> tuple[int, bytes]:
    length, stream, kind, flags = HEADER.unpack(connection.recv(HEADER.size, socket.MSG_WAITALL))
    assert (kind, flags) == (1, 0)
    return stream, connection.recv(length, socket.MSG_WAITALL)


def test_answers_find_their_calls_in_any_order(tmp_path: Path) -> None:
    def act(connection: socket.socket) -> None:
        first, body = received(connection)
        assert body == b"\x0a\x03svc\x12\x03One\x1a\x01p\x20\x80\x94\xeb\xdc\x03"  # one second in nanoseconds
        second, _ = received(connection)
        denied = b"\x0a\x06\x08\x07\x12\x02no"
        connection.sendall(HEADER.pack(len(denied), second, 2, 0) + denied)
        connection.sendall(HEADER.pack(3, first, 2, 0) + b"\x12\x01r")

    thread = serving(tmp_path / "s", act)
    with Client(tmp_path / "s") as client:
        first = client.begin("svc", "One", b"p", seconds=1)
        second = client.begin("svc", "Two", b"")
        assert first.result(5) == (0, "", b"r")
        assert second.result(5) == (7, "no", b"")
        thread.join()
        late = client.begin("svc", "Three", b"")
        with pytest.raises(Gone):
            late.result(5)


def test_who_waits_is_told_when_the_agent_ends(tmp_path: Path) -> None:
    thread = serving(tmp_path / "s", lambda connection: received(connection) and None)
    with Client(tmp_path / "s") as client:
        waiting = client.begin("svc", "Wait", b"")
        with pytest.raises(Gone, match="the agent ended the connection"):
            waiting.result(5)
    thread.join()


def test_a_request_that_ttrpc_cannot_carry_is_not_cut_off(tmp_path: Path) -> None:
    thread = serving(tmp_path / "s", lambda connection: connection.recv(1) and None)
    with Client(tmp_path / "s") as client, pytest.raises(ValueError, match="Big: a request of"):
        client.begin("svc", "Big", bytes(4 << 20))
    thread.join()
