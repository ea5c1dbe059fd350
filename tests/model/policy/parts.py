"""The parts of the request that creates a container, as CRI-O and the kata shim on OpenShift make them."""

import json
from typing import Any

from model.policy.pins import MountPins
from tests.model.policy.recorded import Request

SANDBOX = "5a" * 32
SHARED = "/run/kata-containers/shared/containers"
EPHEMERAL = "/run/kata-containers/sandbox/ephemeral"
HEX = "0123456789abcdef"
UID, FS_GROUP = 1000690000, 1000690000
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KUBERNETES = (
    "KUBERNETES_SERVICE_HOST=172.30.0.1",
    "KUBERNETES_SERVICE_PORT=443",
    "KUBERNETES_SERVICE_PORT_HTTPS=443",
    "KUBERNETES_PORT=tcp://172.30.0.1:443",
    "KUBERNETES_PORT_443_TCP=tcp://172.30.0.1:443",
    "KUBERNETES_PORT_443_TCP_PROTO=tcp",
    "KUBERNETES_PORT_443_TCP_PORT=443",
    "KUBERNETES_PORT_443_TCP_ADDR=172.30.0.1",
)
NO_CAPABILITIES: dict[str, list[str]] = {
    kind: [] for kind in ("Ambient", "Bounding", "Effective", "Inheritable", "Permitted")
}


def create(
    id_: str,
    kind: str,
    source: str,
    process: dict[str, Any],
    mounts: list[Any],
    storages: list[Any],
    readonly: bool,
    sysctls: dict[str, str],
) -> Request:
    annotations = {
        "io.kubernetes.cri-o.ContainerType": kind,
        "io.katacontainers.pkg.oci.container_type": f"pod_{kind}",
        "io.kubernetes.cri-o.ImageName": source,
    }
    root = f"/run/kata-containers/{id_}/rootfs"
    pull = storage(
        driver="image_guest_pull",
        driver_options=["image_guest_pull=" + json.dumps({"metadata": annotations})],
        source=source,
        fstype="overlay",
        mount_point=root,
    )
    linux = {
        "UIDMappings": [],
        "GIDMappings": [],
        "Sysctl": sysctls,
        "Resources": {"Devices": [], "Pids": None, "BlockIO": None, "Network": None},
        "CgroupsPath": f"/kubepods/burstable/pod0/crio-{id_}",
        "Namespaces": [
            *({"Type": kind, "Path": ""} for kind in ("ipc", "uts", "mount")),
            {"Type": "network", "Path": "/run/netns/podns"},
        ],
        "Devices": [],
        "Seccomp": None,
        "RootfsPropagation": "",
        "MaskedPaths": [
            *(
                f"/proc/{name}"
                for name in ("acpi", "asound", "kcore", "keys", "latency_stats", "sched_debug")
            ),
            *("/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware"),
        ],
        "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "MountLabel": "",
        "IntelRdt": None,
    }
    spec = {
        "Version": "1.2.1",
        "Process": process,
        "Root": {"Path": root, "Readonly": readonly},
        "Hostname": "web-0",
        "Mounts": mounts,
        "Hooks": None,
        "Annotations": annotations,
        "Linux": linux,
        "Solaris": None,
        "Windows": None,
    }
    request = {
        "container_id": id_,
        "exec_id": id_,
        "string_user": None,
        "devices": [],
        "storages": [pull, *storages],
        "OCI": spec,
        "sandbox_pidns": False,
        "shared_mounts": [],
    }
    return Request("CreateContainerRequest", request)


def process(args: list[str], cwd: str, env: list[str], user: dict[str, Any]) -> dict[str, Any]:
    return {
        "Terminal": False,
        "ConsoleSize": None,
        "User": {**user, "Username": ""},
        "Args": args,
        "Env": env,
        "Cwd": cwd,
        "Capabilities": NO_CAPABILITIES,
        "Rlimits": [],
        "NoNewPrivileges": True,
        "ApparmorProfile": "",
        "OOMScoreAdj": 999,
        "SelinuxLabel": "",
    }


def kernel_mounts() -> list[dict[str, Any]]:
    return [
        mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
        mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        mount(
            "/dev/pts",
            "devpts",
            "devpts",
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
            "gid=5",
        ),
        mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        mount("/dev/shm", "bind", "/run/kata-containers/sandbox/shm", "rbind"),  # noqa: S108
    ]


def volume_mount(id_: str, pins: MountPins) -> dict[str, Any]:
    options = ("rbind", "rprivate", "ro" if pins.read_only else "rw", "bind")
    if pins.kind == "memory":
        return mount(pins.path, "bind", f"{EPHEMERAL}/{pins.volume}", *options)
    if pins.kind == "disk":
        return mount(pins.path, "local", f"{SHARED}/{SANDBOX}/rootfs/local/{pins.volume}", *options)
    return copied(id_, pins.path, pins.path.rpartition("/")[2], *options)


def volume(name: str, kind: str, fs_group: int) -> dict[str, Any]:
    if kind == "memory":
        return storage(
            driver="ephemeral",
            source="tmpfs",
            fstype="tmpfs",
            mount_point=f"{EPHEMERAL}/{name}",
            options=[f"fsgid={fs_group}"],
        )
    return storage(
        driver="local",
        source="local",
        fstype="local",
        mount_point=f"{SHARED}/{SANDBOX}/rootfs/local/{name}",
        options=["mode=0777", f"fsgid={fs_group}"],
    )


def copied(id_: str, destination: str, name: str, *options: str) -> dict[str, Any]:
    return mount(destination, "bind", f"{SHARED}/{id_}-{HEX}-{name}", *options)


def mount(destination: str, type_: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type_": type_, "source": source, "options": list(options)}


def storage(**fields: Any) -> dict[str, Any]:
    return {"driver_options": [], "options": [], "fs_group": None, "shared": False, **fields}
