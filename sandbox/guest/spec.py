"""The parts of CreateContainer that are the same for every container: mounts of the runtime, storages, namespaces, masked paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.guest import annotations as oci_annotations
from sandbox.guest import copies, resources
from sandbox.guest.node import AgentLine, Node
from sandbox.guest.volumes import Mount
from sandbox.shapes import map_in

RUN = "/run/kata-containers"
SANDBOX = f"{RUN}/sandbox"
# What runtime-tools gives every container, as (destination, type, source, options).
_RUNTIME = (
    ("/proc", "proc", "proc", ("nosuid", "noexec", "nodev")),
    ("/dev", "tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    (
        "/dev/pts",
        "devpts",
        "devpts",
        ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
    ),
    ("/dev/mqueue", "mqueue", "mqueue", ("nosuid", "noexec", "nodev")),
    ("/sys", "sysfs", "sysfs", ("nosuid", "noexec", "nodev", "ro")),
)
_CGROUP = ("/sys/fs/cgroup", "cgroup", "cgroup", ("nosuid", "noexec", "nodev", "relatime", "ro"))
_SHM = ("/dev/shm", "bind", f"{SANDBOX}/shm", ("rbind",))  # noqa: S108  a path in the guest
_UNTRUSTED = ("nodev", "nosuid", "noexec")
_MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/fs/selinux",
)
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def create(
    identifier: str, oci: Mapping[str, Any], storages: Sequence[Mapping[str, Any]], *, shares_processes: bool
) -> dict[str, Any]:
    """CreateContainerRequest."""
    return {
        "OCI": oci,
        "container_id": identifier,
        "devices": [],
        "exec_id": identifier,
        "sandbox_pidns": shares_processes,
        "shared_mounts": [],
        "stderr_port": 0,
        "stdin_port": 0,
        "stdout_port": 0,
        "storages": list(storages),
        "string_user": None,
    }


def oci(
    pod: Mapping[str, Any],
    identifier: str,
    given: Mapping[str, str],
    process: Mapping[str, Any],
    mounts: Sequence[Mapping[str, Any]],
    limits: Mapping[str, Any],
    *,
    sysctls: Mapping[str, str],
    masked: bool,
    read_only: bool,
) -> dict[str, Any]:
    """`masked`: whether CRI-O hides parts of /proc and /sys, as it does for all but the sandbox."""
    namespaces = [{"Path": "", "Type": kind} for kind in ("ipc", "uts", "mount")]
    return {
        "Annotations": oci_annotations.seen(given),
        "Hooks": None,
        "Hostname": pod["metadata"]["name"],
        "Linux": {
            "CgroupsPath": f"{resources.cgroup_parent(pod)}/crio-{identifier}",
            "Devices": [],
            "GIDMappings": [],
            "IntelRdt": None,
            "MaskedPaths": list(_MASKED) if masked else [],
            "MountLabel": "",
            "Namespaces": [*namespaces, {"Path": "/run/netns/podns", "Type": "network"}],
            "ReadonlyPaths": list(_READ_ONLY) if masked else [],
            "Resources": limits,
            "RootfsPropagation": "",
            "Seccomp": None,
            "Sysctl": dict(sysctls),
            "UIDMappings": [],
        },
        "Mounts": list(mounts),
        "Process": process,
        "Root": {"Path": root(identifier), "Readonly": read_only},
        "Solaris": None,
        "Version": "1.2.1",
        "Windows": None,
    }


def root(identifier: str) -> str:
    return f"{RUN}/{identifier}/rootfs"


def of_pause(identifier: str) -> list[dict[str, Any]]:
    copied = [
        _copied(identifier, name, ("ro", "bind", *_UNTRUSTED))
        for name in ("/etc/resolv.conf", "/etc/hostname")
    ]
    return [*(_mount(*one) for one in _RUNTIME), copied[0], _mount(*_SHM), copied[1]]


def of_container(
    sandbox: str, identifier: str, mounts: Sequence[Mount], *, read_only: bool, passwd: bool
) -> list[dict[str, Any]]:
    """`passwd`: whether CRI-O wrote an /etc/passwd for the container."""
    access = "ro" if read_only else "rw"
    found = [_mount(*one) for one in (*_RUNTIME, _CGROUP, _SHM)]
    found += [
        _copied(identifier, "/etc/resolv.conf", (access, "bind", *_UNTRUSTED)),
        _copied(identifier, "/etc/hostname", (access, "bind")),
        _copied(identifier, "/run/.containerenv", (access, "bind")),
    ]
    if passwd:
        found.append(_copied(identifier, "/etc/passwd", ("rw", "bind", *_UNTRUSTED)))
    return [*found, *(_of_pod(sandbox, identifier, one) for one in mounts)]


def pull(agent: AgentLine, identifier: str, source: str, given: Mapping[str, str]) -> dict[str, Any]:
    """The storage that makes the guest pull the image `source` and unpack it as the container's root."""
    return {
        **storage(agent, "image_guest_pull", "overlay", source, root(identifier), ()),
        "driver_options": [oci_annotations.pulled(given)],
    }


def empty_dir(node: Node, pod: Mapping[str, Any], sandbox: str, mount: Mount) -> dict[str, Any]:
    group = int(map_in(pod["spec"], "securityContext").get("fsGroup", node.fs_group))
    owned = (f"fsgid={group}",) if group else ()
    if mount.kind == "memory":
        return storage(node.agent, "ephemeral", "tmpfs", "tmpfs", _place(sandbox, mount), owned)
    options = ("mode=0777", *(owned if node.disk_volumes_have_group else ()))
    return storage(node.agent, "local", "local", "local", _place(sandbox, mount), options)


def storage(
    agent: AgentLine, driver: str, kind: str, source: str, mount_point: str, options: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "driver": driver,
        "driver_options": [],
        "fs_group": None,
        "fstype": kind,
        "mount_point": mount_point,
        "options": list(options),
        "source": source,
    }
    return found if agent == "3.25" else {**found, "shared": False}


def _of_pod(sandbox: str, identifier: str, mount: Mount) -> dict[str, Any]:
    if not mount.of_kubelet:
        return _copied(identifier, mount.destination, ("bind", "rprivate", "bind"))
    options = ("rbind", "rprivate", "ro" if mount.read_only else "rw", "bind")
    if mount.kind in ("memory", "disk"):
        kind = "bind" if mount.kind == "memory" else "local"
        return _mount(mount.destination, kind, _place(sandbox, mount), options)
    return _copied(identifier, mount.destination, options)


def _place(sandbox: str, mount: Mount) -> str:
    """Where the guest makes an emptyDir: in memory, or on its own disk below the sandbox's copied files."""
    if mount.kind == "memory":
        return f"{SANDBOX}/ephemeral/{mount.volume}"
    return f"{copies.SHARED}/{sandbox}/rootfs/local/{mount.volume}"


def _copied(identifier: str, destination: str, options: Sequence[str]) -> dict[str, Any]:
    return _mount(destination, "bind", copies.target(identifier, destination), options)


def _mount(destination: str, kind: str, source: str, options: Sequence[str]) -> dict[str, Any]:
    return {"destination": destination, "options": list(options), "source": source, "type_": kind}
