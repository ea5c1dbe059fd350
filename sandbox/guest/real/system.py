"""Calls of Linux that Python 3.11 has no function for. Each raises OSError, with what was tried in its text."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

NEW_NETWORK = 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, NO_EXEC, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SET_CAPABILITIES = {"x86_64": 126, "aarch64": 91}
_DROP_BOUNDING = 24
_SET_SECCOMP, _FILTER = 22, 2
_SET_SECURE_BITS, _NO_SETUID_FIXUP = 28, 4
_CAPABILITIES_V3 = 0x20080522
_SIOCSIFFLAGS, _UP = 0x8914, 0x1

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    _checked(
        _libc.mount(
            source.encode(), str(target).encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
        ),
        f"mount {kind or source} at {target}",
    )


def bind(source: Path, target: Path, flags: int = 0) -> None:
    """`source` also at `target`; flags such as READ_ONLY hold for the new place alone."""
    mount(str(source), target, flags=BIND)
    if flags:
        mount("", target, flags=BIND | REMOUNT | flags)


def pivot_root(new: Path) -> None:
    """`new`, a mount, becomes the root; what was the root is out of reach afterwards."""
    old = new / ".old"
    old.mkdir()
    _checked(
        _libc.syscall(_PIVOT_ROOT[os.uname().machine], str(new).encode(), str(old).encode()), "pivot_root"
    )
    os.chdir("/")
    _checked(_libc.umount2(b"/.old", _DETACH), "leave the old root")
    Path("/.old").rmdir()


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "unshare")


def enter_network(namespace: Path) -> None:
    with namespace.open() as file:
        _checked(_libc.setns(file.fileno(), NEW_NETWORK), f"enter {namespace}")


def raise_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _UP))


def keep_capabilities(kept: frozenset[int], last: int) -> None:
    """Every capability but `kept` is gone, for this process and all that it starts. `last` is the kernel's highest number."""
    for number in range(last + 1):
        if number not in kept:
            _checked(_libc.prctl(_DROP_BOUNDING, number, 0, 0, 0), f"drop capability {number}")
    # Some machines give root fewer, and nobody can get what the machine does not have.
    mask = sum(1 << number for number in kept if number <= last) & _permitted()
    header = struct.pack("Ii", _CAPABILITIES_V3, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = struct.pack("6I", low, low, 0, high, high, 0)
    _checked(_libc.syscall(_SET_CAPABILITIES[os.uname().machine], header, data), "set capabilities")


def _permitted() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.partition(":")[2], 16) for line in lines if line.startswith("CapPrm:"))


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def may_lower_scores() -> bool:
    """Whether this process has CAP_SYS_RESOURCE."""
    status = Path("/proc/self/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) >> 24 & 1)


def ignore_capset() -> None:
    """From now on the call capset does nothing in this process and in all that come of it, and says that it did; and a change of the
    user leaves them their capabilities.

    What a program may then is decided by execve: nothing where the user is not root and the file has no capabilities; else no more
    than the bounding set, which other calls lower. Raises OSError.
    """
    _checked(_libc.prctl(_SET_SECURE_BITS, _NO_SETUID_FIXUP, 0, 0, 0), "set the secure bits")
    load, jump, answer = 0x20, 0x15, 0x06  # BPF: LD|W|ABS, JMP|JEQ|K, RET|K
    architecture, number = 4, 0  # in struct seccomp_data
    rules = (
        (load, 0, 0, architecture),
        (jump, 0, 3, 0xC000003E),  # x86-64
        (load, 0, 0, number),
        (jump, 0, 1, _SET_CAPABILITIES["x86_64"]),
        (answer, 0, 0, 0x00050000),  # an error, of number 0
        (answer, 0, 0, 0x7FFF0000),  # let it pass
    )
    code = b"".join(struct.pack("=HBBI", *rule) for rule in rules)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(buffer))
    _checked(
        _libc.prctl(_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(program), 0, 0), "filter system calls"
    )
