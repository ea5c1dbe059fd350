"""The requests of a pod's life, as a kata shim on OpenShift makes them of pins: enough of each field for a policy to judge.

Written after the recordings that `recorded` reads; what CRI-O really makes of a pod is modelled in the sandbox.
"""

import json
from typing import Any

from model.policy.pins import ContainerPins, MountPins, PodPins
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


def container_id(number: int) -> str:
    return f"{number + 1:02x}" * 32


def sandbox() -> Request:
    shm = _storage(
        driver="ephemeral",
        source="shm",
        fstype="tmpfs",
        mount_point="/run/kata-containers/sandbox/shm",
        options=["noexec", "nosuid", "nodev", "mode=1777", "size=67108864"],
    )
    return Request(
        "CreateSandboxRequest",
        {
            "hostname": "web-0",
            "dns": [],
            "storages": [shm],
            "sandbox_pidns": False,
            "sandbox_id": SANDBOX,
            "guest_hook_path": "",
            "kernel_modules": [],
        },
    )


def pause() -> Request:
    mounts = [
        *_kernel_mounts(),
        _copied(SANDBOX, "/etc/resolv.conf", "resolv.conf", "ro", "bind", "nodev", "nosuid", "noexec"),
        _copied(SANDBOX, "/etc/hostname", "hostname", "ro", "bind", "nodev", "nosuid", "noexec"),
    ]
    process = _process(
        ["/pause"], "/", [DEFAULT_PATH, "TERM=xterm"], {"UID": 0, "GID": 0, "AdditionalGids": []}
    )
    process["NoNewPrivileges"] = False
    sysctls = {"net.ipv4.ping_group_range": "0 2147483647"}
    return _create(SANDBOX, "sandbox", "pause", process, mounts, [], True, sysctls)


def container(pod: PodPins, number: int, id_: str = "") -> Request:
    """The request for the container of that number, with what OpenShift chooses where the pins leave it open."""
    pins = pod.containers[number]
    id_ = id_ or container_id(number)
    access = "ro" if pins.read_only_root else "rw"
    mounts = [
        *_kernel_mounts(),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
        _copied(id_, "/etc/resolv.conf", "resolv.conf", access, "bind", "nodev", "nosuid", "noexec"),
        _copied(id_, "/etc/hostname", "hostname", access, "bind"),
        _copied(id_, "/run/.containerenv", ".containerenv", access, "bind"),
        _copied(id_, "/etc/passwd", "passwd", "rw", "bind", "nodev", "nosuid", "noexec"),
        _copied(id_, "/etc/hosts", "hosts", "rbind", "rprivate", "rw", "bind"),
        _copied(id_, "/dev/termination-log", "termination-log", "rbind", "rprivate", "rw", "bind"),
        _copied(id_, "/run/secrets", "secrets", "bind", "rprivate", "bind"),
        *(_volume_mount(id_, mount) for mount in pins.mounts),
    ]
    fs_group = FS_GROUP if pod.fs_group is None else pod.fs_group
    group = pins.group or 0
    user = {
        "UID": UID if pins.user is None else pins.user,
        "GID": group,
        "AdditionalGids": [group, *pins.supplemental_groups, fs_group],
    }
    process = _process(list(pins.arguments), pins.working_directory, environment(pins), user)
    volumes = {mount.volume: mount.kind for mount in pins.mounts if mount.kind in ("memory", "disk")}
    storages = [_volume(name, kind, fs_group) for name, kind in volumes.items()]
    source = f"quay.io/ours/{pins.name}@{pins.digest}"
    return _create(id_, "container", source, process, mounts, storages, pins.read_only_root, {})


def environment(pins: ContainerPins) -> list[str]:
    cluster = {"POD_NAME": "web-0", "POD_IP": "10.128.2.15"}
    return [
        DEFAULT_PATH,
        "TERM=xterm",
        "HOSTNAME=web-0",
        "NSS_SDB_USE_CACHE=no",
        *KUBERNETES,
        *(f"{name}={value}" for name, value in pins.environment),
        *(f"{name}={cluster[name]}" for name, _ in pins.environment_patterns),
    ]


def start(pod: PodPins) -> list[Request]:
    """All that creates the pod."""
    return [sandbox(), pause(), *(container(pod, number) for number in range(len(pod.containers)))]


def copy(name: str, mode: int = 0o100644, **fields: Any) -> Request:
    """What newer agents show of a CopyFile for the first container; `name` follows the random part."""
    kinds = {0o100000: "Regular", 0o040000: "Directory", 0o120000: "Symlink"}
    request = {
        "path": f"{SHARED}/{container_id(0)}-{HEX}-{name}",
        "file_size": 0,
        "file_mode": mode,
        "dir_mode": 488,
        "uid": 0,
        "gid": 0,
        "offset": 0,
        "file_type": kinds.get(mode & 0o170000, "Unknown"),
        "symlink_target": None,
    }
    return Request("CopyFileRequest", request | fields)


def link(name: str, target: str) -> Request:
    return copy(name, 0o120777, symlink_target=target)


def old_link(name: str, target: str) -> Request:
    """As agents before 3.29 show it: raw, with the target as bytes."""
    request = link(name, "").input
    del request["file_type"], request["symlink_target"]
    return Request("CopyFileRequest", {**request, "data": list(target.encode())})


def execute(pod: PodPins, number: int, command: list[str]) -> Request:
    """As the shim asks: the container's own process with other arguments, and no word about capabilities."""
    process = container(pod, number).input["OCI"]["Process"] | {"Args": command, "Capabilities": None}
    request = {
        "container_id": container_id(number),
        "exec_id": "ee" * 32,
        "string_user": None,
        "process": process,
    }
    return Request("ExecProcessRequest", request)


def _create(
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
    pull = _storage(
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


def _process(args: list[str], cwd: str, env: list[str], user: dict[str, Any]) -> dict[str, Any]:
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


def _kernel_mounts() -> list[dict[str, Any]]:
    return [
        _mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount(
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
        _mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        _mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        _mount("/dev/shm", "bind", "/run/kata-containers/sandbox/shm", "rbind"),  # noqa: S108
    ]


def _volume_mount(id_: str, mount: MountPins) -> dict[str, Any]:
    options = ("rbind", "rprivate", "ro" if mount.read_only else "rw", "bind")
    if mount.kind == "memory":
        return _mount(mount.path, "bind", f"{EPHEMERAL}/{mount.volume}", *options)
    if mount.kind == "disk":
        return _mount(mount.path, "local", f"{SHARED}/{SANDBOX}/rootfs/local/{mount.volume}", *options)
    return _copied(id_, mount.path, mount.path.rpartition("/")[2], *options)


def _volume(name: str, kind: str, fs_group: int) -> dict[str, Any]:
    if kind == "memory":
        return _storage(
            driver="ephemeral",
            source="tmpfs",
            fstype="tmpfs",
            mount_point=f"{EPHEMERAL}/{name}",
            options=[f"fsgid={fs_group}"],
        )
    return _storage(
        driver="local",
        source="local",
        fstype="local",
        mount_point=f"{SHARED}/{SANDBOX}/rootfs/local/{name}",
        options=["mode=0777", f"fsgid={fs_group}"],
    )


def _copied(id_: str, destination: str, name: str, *options: str) -> dict[str, Any]:
    return _mount(destination, "bind", f"{SHARED}/{id_}-{HEX}-{name}", *options)


def _mount(destination: str, type_: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type_": type_, "source": source, "options": list(options)}


def _storage(**fields: Any) -> dict[str, Any]:
    return {"driver_options": [], "options": [], "fs_group": None, "shared": False, **fields}
