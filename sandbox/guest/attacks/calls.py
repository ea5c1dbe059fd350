"""Attacks by requests that starting a pod does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandbox.guest.attacks.attack import Attack, Sequences, afterwards, containers
from sandbox.guest.requests import AgentRequest

_ANY = "<the container>"


def _calls(*wanted: tuple[str, dict[str, Any]]) -> Callable[[Sequence[AgentRequest]], Sequences]:
    """Requests to the last container of the pod, once the pod runs."""

    def make(honest: Sequence[AgentRequest]) -> Iterator[AgentRequest]:
        own = honest[containers(honest)[-1]].input["container_id"]
        for endpoint, given in wanted:
            yield AgentRequest(
                endpoint, {key: own if value == _ANY else value for key, value in given.items()}
            )

    return afterwards(make)


def _exec(honest: Sequence[AgentRequest]) -> Sequences:
    """A shell, and the container's own command line with other circumstances."""
    for at in containers(honest):
        given = honest[at].input
        process = given["OCI"]["Process"]
        for changed in (
            {**process, "Args": ["/bin/sh"], "Terminal": True},
            {**process, "Args": ["/bin/sh", "-c", "env"], "Capabilities": None},
            {**process, "Env": [*process["Env"], "LD_PRELOAD=/run/secrets/evil.so"]},
        ):
            asked = {
                "container_id": given["container_id"],
                "exec_id": "x",
                "process": changed,
                "stderr_port": 0,
                "stdin_port": 0,
                "stdout_port": 0,
                "string_user": None,
            }
            yield [*honest, AgentRequest("ExecProcessRequest", asked)]


_OWN = {"container_id": _ANY}
_LIMITS: dict[str, Any] = {
    "BlockIO": None,
    "CPU": None,
    "Devices": [],
    "HugepageLimits": [],
    "Memory": None,
    "Network": None,
    "Pids": None,
}
_PSI = {"period_psi_percent_limit": None, "period_secs": None, "disabled": None}
_STORAGE: dict[str, Any] = {
    "driver": "blk",
    "driver_options": [],
    "fs_group": None,
    "fstype": "ext4",
    "mount_point": "/usr/bin",
    "options": [],
    "shared": False,
    "source": "/dev/sdc",
}
_INTERFACE: dict[str, Any] = {
    "device": "lo",
    "name": "lo",
    "IPAddresses": [],
    "mtu": 1500,
    "hwAddr": "",
    "devicePath": "",
    "type_": "",
    "raw_flags": 0,
}

ATTACKS = (
    Attack(
        name="exec",
        sentence="starts a process in a container, as `oc exec` does",
        gain="everything that the container may read",
        sequences=_exec,
    ),
    Attack(
        name="write input",
        sentence="writes to a container's standard input, as `oc attach` does",
        gain="what a program that reads its input does for whoever writes",
        sequences=_calls(("WriteStreamRequest", {**_OWN, "exec_id": _ANY, "data": [1]})),
    ),
    Attack(
        name="another policy",
        sentence="replaces the policy",
        gain="everything",
        sequences=_calls(("SetPolicyRequest", {"policy": "package agent_policy"})),
    ),
    Attack(
        name="swap",
        sentence="has the guest swap its memory to a disk of the node",
        gain="the pod's memory in the clear",
        sequences=_calls(("AddSwapRequest", {"PCIPath": [2]}), ("AddSwapPathRequest", {"path": "/dev/sdc"})),
    ),
    Attack(
        name="mounts while it runs",
        sentence="mounts any device anywhere in the guest",
        gain="code as root in the guest",
        sequences=_calls(("UpdateEphemeralMountsRequest", {"storages": [_STORAGE]})),
    ),
    Attack(
        name="network of the guest",
        sentence="changes interfaces, routes, neighbours or packet filters of the guest",
        gain="the pod asks the node's program for its secrets instead of the guest's own at 127.0.0.1",
        sequences=_calls(
            ("UpdateInterfaceRequest", {"interface": _INTERFACE}),
            ("UpdateRoutesRequest", {"routes": {"Routes": []}}),
            ("AddARPNeighborsRequest", {"neighbors": {"ARPNeighbors": []}}),
            ("SetIPTablesRequest", {"data": [42], "is_ipv6": False}),
            ("GetIPTablesRequest", {"is_ipv6": False}),
        ),
    ),
    Attack(
        name="clock",
        sentence="sets the guest's clock",
        gain="certificates that have ended, or do not count yet, pass",
        sequences=_calls(("SetGuestDateTimeRequest", {"Sec": 1, "Usec": 0})),
    ),
    Attack(
        name="random numbers",
        sentence="mixes bytes of its choice into the guest's random numbers",
        gain="keys that the node may guess",
        sequences=_calls(("ReseedRandomDevRequest", {"data": [0] * 32})),
    ),
    Attack(
        name="limits and halts",
        sentence="changes a container's limits and device rules, halts it, or changes processors and memory",
        gain="devices of the guest, or a program halted at a moment of the node's choice",
        sequences=_calls(
            ("UpdateContainerRequest", {**_OWN, "resources": _LIMITS}),
            ("PauseContainerRequest", _OWN),
            ("ResumeContainerRequest", _OWN),
            ("OnlineCPUMemRequest", {"cpu_only": False, "nb_cpus": 1, "wait": False}),
            ("MemHotplugByProbeRequest", {"memHotplugProbeAddr": [1]}),
            ("ResizeVolumeRequest", {"size": 1, "volume_guest_path": "/"}),
        ),
    ),
    Attack(
        name="signals",
        sentence="sends a signal other than those that end a container",
        gain="programs that write dumps or read settings anew on a signal",
        sequences=_calls(
            *(
                ("SignalProcessRequest", {**_OWN, "exec_id": _ANY, "signal": number})
                for number in (1, 3, 10, 19)
            )
        ),
    ),
    Attack(
        name="reading the guest",
        sentence="asks for file system statistics, metrics, interfaces, routes or a file as termination message",
        gain="the first 4 KiB of a file, sizes of files, and the guest's network",
        sequences=_calls(
            ("GetDiagnosticDataRequest", {**_OWN, "log_type": "termination_log"}),
            ("VolumeStatsRequest", {"volume_guest_path": "/"}),
            ("GetMetricsRequest", {}),
            ("ListInterfacesRequest", {}),
            ("ListRoutesRequest", {}),
        ),
    ),
    Attack(
        name="memory agent",
        sentence="turns on the agent that moves and swaps memory",
        gain="memory moves when the node wants it to",
        sequences=_calls(
            ("MemAgentMemcgConfig", {**_PSI, "swap": True, "swappiness_max": 200}),
            ("MemAgentCompactConfig", {**_PSI, "compact_order": None, "compact_threshold": None}),
        ),
    ),
    Attack(
        name="streams without need",
        sentence="closes a container's input or resizes a terminal that it does not have",
        gain="programs that act when their input ends",
        sequences=_calls(
            ("CloseStdinRequest", {**_OWN, "exec_id": _ANY}),
            ("TtyWinResizeRequest", {**_OWN, "exec_id": _ANY, "row": 1, "column": 1}),
        ),
    ),
    Attack(
        name="a request of the future",
        sentence="sends a request that a newer agent may have",
        gain="a policy that allows what it does not know allows everything later",
        sequences=_calls(("FutureRequest", {})),
    ),
)
