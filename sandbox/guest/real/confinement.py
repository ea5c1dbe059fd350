"""What a guest may do to the machine that it runs on: nothing. It is bound before its first program starts, and checked.

The guest has the host's kernel, so what the agent may change in a VM of its own (clock, modules, swap, sysctls) would be changed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sandbox.guest.real import system

KEPT = {
    "chown": 0,
    "dac_override": 1,
    "fowner": 3,
    "fsetid": 4,
    "kill": 5,
    "setgid": 6,
    "setuid": 7,
    "setpcap": 8,
    "net_bind_service": 10,
    "net_admin": 12,
    "net_raw": 13,
    "sys_chroot": 18,
    "sys_ptrace": 19,
    "sys_admin": 21,
    "sys_resource": 24,
    "mknod": 27,
    "setfcap": 31,
}
"""Capabilities that the agent needs to make containers. Not among them, besides clock, modules and reboot: dac_read_search, which
opens files by handle and so outside of the mount namespace."""
DEVICES = ("c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:1", "c 5:2", "c 136:*", "c 10:200")
"""null, zero, full, random, urandom, tty, console, ptmx, pseudo terminals and tun: what the agent allows each container."""
NODES = ("c *:*", "b *:*")
"""The agent also lets a container make any node. To open one is another right, which a guest does not have."""
CONTROLLERS = ("memory", "pids", "devices", "cpu", "cpuacct", "cpuset", "freezer", "blkio")
_LAST_CAPABILITY = Path("/proc/sys/kernel/cap_last_cap")


def bind_capabilities() -> None:
    system.keep_capabilities(frozenset(KEPT.values()), int(_LAST_CAPABILITY.read_text()))


def problems(host_network: int, memory: int) -> Iterator[str]:
    """Why the calling process must not go on as a guest. `host_network` is the number of the host's network namespace, `memory` in
    bytes.
    """
    allowed = sum(1 << number for number in KEPT.values())
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    for name in ("CapBnd", "CapPrm", "CapEff", "CapAmb"):
        if more := int(status[name], 16) & ~allowed:
            yield f"{name} has capabilities that a guest must not have: {more:x}"
    if os.stat("/proc/self/ns/net").st_ino == host_network:
        yield "it is in the network of the host"
    if os.getpid() != 1:
        yield "it sees the processes of the host"
    groups = Path("/sys/fs/cgroup")
    limit = int((groups / "memory/memory.limit_in_bytes").read_text())
    if limit > memory:
        yield f"it may use {limit} bytes of memory, not {memory}"
    devices = (groups / "devices/devices.list").read_text().split("\n")
    if unknown := [line for line in devices if line and not _harmless(line)]:
        yield f"it may use devices of the host: {', '.join(unknown)}"


def _harmless(line: str) -> bool:
    device, _, access = line.rpartition(" ")
    return device in DEVICES or (device in NODES and access == "m")
