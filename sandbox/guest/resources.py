"""The pod's class of service and what the kubelet makes of requests and limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.guest import identity
from sandbox.shapes import list_in, map_in

_PERIOD = 100000
_NODE_MEMORY = 16 * 1024**3
_UNITS = {"m": 0.001, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def quantity(text: object) -> float:
    """A Kubernetes quantity such as `100m` or `128Mi`, as a number."""
    written = str(text)
    unit = written.lstrip("0123456789.")
    return float(written.removesuffix(unit)) * (_UNITS[unit] if unit else 1)


def service_class(pod: Mapping[str, Any]) -> str:
    """`guaranteed`, `burstable` or `besteffort` (Kubernetes' pod quality of service)."""
    named = [map_in(one, "resources") for one in _containers(pod)]
    if not any(one.get("requests") or one.get("limits") for one in named):
        return "besteffort"
    full = all(
        {"cpu", "memory"} <= set(map_in(one, "limits"))
        and {**one["limits"], **map_in(one, "requests")} == one["limits"]
        for one in named
    )
    return "guaranteed" if full else "burstable"


def cgroup_parent(pod: Mapping[str, Any]) -> str:
    kind = service_class(pod)
    return f"/kubepods{'' if kind == 'guaranteed' else f'/{kind}'}/pod{identity.uid(pod)}"


def oom_score(pod: Mapping[str, Any], container: Mapping[str, Any]) -> int:
    """kubernetes pkg/kubelet/qos: -997 and 1000 at the ends, between them by the memory that is asked for."""
    kind = service_class(pod)
    if kind != "burstable":
        return -997 if kind == "guaranteed" else 1000
    return min(999, max(3, 1000 - int(1000 * _wanted(container, "requests", "memory") / _NODE_MEMORY)))


def linux(container: Mapping[str, Any] | None) -> dict[str, Any]:
    """`OCI.Linux.Resources` after the shim took out what the guest shall not see; None is the sandbox."""
    cpu = {
        "Cpus": "",
        "Mems": "",
        "Period": 0,
        "Quota": 0,
        "RealtimePeriod": 0,
        "RealtimeRuntime": 0,
        "Shares": 2,
    }
    memory = None
    if container is not None:
        limit = int(_wanted(container, "limits", "memory"))
        shares = max(2, int(_wanted(container, "requests", "cpu") * 1024))
        quota = int(_wanted(container, "limits", "cpu") * _PERIOD)
        cpu |= {"Period": _PERIOD, "Quota": quota, "Shares": shares}
        if limit:
            memory = {
                "DisableOOMKiller": False,
                "Kernel": 0,
                "KernelTCP": 0,
                "Limit": limit,
                "Reservation": 0,
                "Swap": limit,
                "Swappiness": 0,
            }
    empty: dict[str, Any] = {
        "BlockIO": None,
        "Devices": [],
        "HugepageLimits": [],
        "Network": None,
        "Pids": None,
    }
    return {**empty, "CPU": cpu, "Memory": memory}


def of_pod(pod: Mapping[str, Any]) -> dict[str, int]:
    """What CRI-O writes into the sandbox's annotation PodLinuxResources."""
    own = pod["spec"]["containers"]
    quota = sum(int(_wanted(one, "limits", "cpu") * _PERIOD) for one in own)
    shares = max(2, int(sum(_wanted(one, "requests", "cpu") for one in own) * 1024))
    limit = sum(int(_wanted(one, "limits", "memory")) for one in own)
    found = {"cpu_period": _PERIOD, "cpu_quota": quota, "cpu_shares": shares, "memory_limit_in_bytes": limit}
    return {key: value for key, value in found.items() if value}


def _wanted(container: Mapping[str, Any], which: str, what: str) -> float:
    """A limit stands for a request that is not there."""
    named = map_in(container, "resources")
    limits = map_in(named, "limits")
    found = {**limits, **map_in(named, "requests")} if which == "requests" else limits
    return quantity(found.get(what, 0))


def _containers(pod: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [*list_in(pod["spec"], "initContainers"), *pod["spec"]["containers"]]
